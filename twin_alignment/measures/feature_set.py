"""Features of one side, pairs of them as every measure takes them, and the estimate that a measure gives.

Per-row terms need h_k = e_k A e'_k, so that three more products of N d^2 give every leave-one-out value of every
measure. Everything is computed when it is first needed, and once for all comparisons that share it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from twin_alignment.lazy_pandas import pd
from twin_alignment.measures.products import gram, quadratic
from twin_alignment.measures.representation import (
    Representation,
    check_same_rows,
    raw_representation,
    unit_representation,
)
from twin_alignment.measures.similarity import PairSums, Similarity, from_sums, pair_sums


@dataclass(frozen=True)
class Estimate:
    """Value of a measure with its uncertainty; NaN for what a measure does not have.

    Attributes:
        value: the measure.
        low: lower end of the 95 % jackknife interval over rows.
        high: upper end.
        null: mean over all orders of one side's rows, the chance level; exact, or as the note says.
        null_sd: standard deviation over all orders.
        note: what the value or its chance level depends on, as ties, or how rows were joined.
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    null: float = math.nan
    null_sd: float = math.nan
    note: str = ""


@dataclass(frozen=True, eq=False)
class Terms:
    """Sums and per-row terms [N] float64 of two representations, or of one with itself: two products of N d^2."""

    a: Representation
    b: Representation

    @cached_property
    def product(self) -> Tensor:
        """A [d, d'] float64."""
        return self.a.gram if self.a is self.b else gram(self.a.centred, self.b.centred)

    @cached_property
    def sums(self) -> PairSums:
        """Sums over pairs."""
        return pair_sums(self.product, self.a, self.b)

    @cached_property
    def quadratic(self) -> Tensor:
        """h_k = e_k A e'_k."""
        return quadratic(self.a.centred, self.product, self.b.centred)

    @cached_property
    def across(self) -> Tensor:
        """sum_j (e_k . e_j) c'_j + (e'_k . e'_j) c_j."""
        a, b = self.a, self.b
        return weighted_row_sums(a.centred, b.projections) + weighted_row_sums(b.centred, a.projections)


TermsOfPair = tuple[Terms, Terms, Terms]  # cross, first with itself, second with itself


def weighted_row_sums(rows: Tensor, weights: Tensor) -> Tensor:
    """Return sum_j (e_k . e_j) w_j [N] float64, for every k."""
    total = rows.T @ weights.to(rows.dtype)
    return (rows @ total).double()


@dataclass(frozen=True, eq=False)
class FeatureSet:
    """Features of N inputs under one name.

    Attributes:
        features: rows [N, d].
        name: name in errors and tables.
        dtype: type whose rounding the rows carry. None: that of the features.
        row_names: names of the rows [N]. None: rows count by their order.
        note: what was read, and what was left out.
    """

    features: Tensor
    name: str
    dtype: torch.dtype | None = None
    row_names: pd.Index | None = None
    note: str = ""

    @property
    def rounding(self) -> torch.dtype:
        """Type whose rounding the rows carry."""
        return self.dtype or self.features.dtype

    @property
    def text(self) -> str:
        """Name, shape and note in one line."""
        rows, columns = self.features.shape
        return f"{self.name}: {rows} rows, {columns} columns{'; ' + self.note if self.note else ''}"

    @cached_property
    def unit(self) -> Terms:
        """Terms of cosine similarities."""
        return Terms(*[unit_representation(self.features, self.name, self.dtype)] * 2)

    @cached_property
    def exact(self) -> Representation:
        """Unit rows in float64, however many, as ties need them."""
        return unit_representation(self.features, self.name, self.dtype, precision=torch.float64)

    @cached_property
    def raw(self) -> Terms:
        """Terms of raw features."""
        return Terms(*[raw_representation(self.features, self.name)] * 2)

    @cached_property
    def raw_exact(self) -> Representation:
        """Raw features in float64, however many, as whitening needs them."""
        return raw_representation(self.features, self.name, torch.float64)

    def take(self, rows: Tensor) -> FeatureSet:
        """Return the features of some rows, by their numbers."""
        return FeatureSet(self.features[rows.to(self.features.device)], self.name, self.rounding)


@dataclass(frozen=True, eq=False)
class Pair:
    """Two sides of the same inputs in the same order, as every measure takes them.

    All measures together cost six products of N d^2 for cosines and six for raw features. They raise ValueError where
    rows differ in number, are fewer than 5, or have no similarity structure.
    """

    first: FeatureSet
    second: FeatureSet

    @cached_property
    def unit(self) -> TermsOfPair:
        """Terms of cosine similarities."""
        return _terms(self.first.unit, self.second.unit)

    @cached_property
    def raw(self) -> TermsOfPair:
        """Terms of raw features."""
        return _terms(self.first.raw, self.second.raw)

    @cached_property
    def similarity(self) -> Similarity:
        """Values alone, on cosine similarities, of at least 2 rows: three products of N d^2."""
        cross, self_a, self_b = (terms.sums for terms in self.unit)
        return from_sums(cross, self_a, self_b)

    def take(self, rows: Tensor) -> Pair:
        """Return some rows of both sides, by their numbers."""
        return Pair(self.first.take(rows), self.second.take(rows))


def _terms(self_a: Terms, self_b: Terms) -> TermsOfPair:
    check_same_rows(self_a.a, self_b.a)
    return Terms(self_a.a, self_b.a), self_a, self_b
