"""Every measure of how alike two representations are, in the order of tables: an entry and its function each.

Nothing here imports torch: tables and figures read names and labels, comparisons call the functions.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twin_alignment.measures.chunks import Track
    from twin_alignment.measures.jackknife import Estimate, Pair


@dataclass(frozen=True)
class Measure:
    """A measure by its name in `alignment.csv`, in `align` and in `compare`, and what is said of it."""

    name: str
    label: str  # in tables and on axes
    long_label: str
    function: str  # `module:name` of a function of a Pair, and of its progress where `all_pairs`
    table: bool = False  # in Table 2, and the default of `align` and `compare`
    drawn: bool = False  # has a panel in figures, and is measured between seeds too
    cost: str = "N d²"  # operations, for N rows of d dimensions
    all_pairs: bool = False  # takes long enough for its progress to be shown
    identity: float | None = 1.0  # of a representation with itself; None where ties decide
    symmetric: bool = True

    def __call__(self, pair: Pair, track: Track | None = None) -> Estimate:
        module, _, name = self.function.partition(":")
        function = getattr(importlib.import_module(module), name)
        found: Estimate = function(pair, track) if self.all_pairs and track else function(pair)
        return found


def _by_name(*measures: Measure) -> dict[str, Measure]:
    return {measure.name: measure for measure in measures}


_OURS = "twin_alignment.measures.jackknife"
_DISTANCES = "twin_alignment.measures.dissimilarities"
_RANKS = "twin_alignment.measures.rank_correlations"
_GEOMETRY = "twin_alignment.measures.geometry"
_SORTED = "N² (d + log N)"

MEASURES = _by_name(  # of every run
    Measure("cka", "CKA", "linear CKA, cosine similarities", f"{_OURS}:cka", table=True, drawn=True),
    Measure("cka_raw", "CKA, raw features", "linear CKA, raw features", f"{_OURS}:cka_raw", table=True),
    Measure(
        name="cka_debiased",
        label="CKA, debiased",
        long_label="linear CKA, cosine similarities, debiased",
        function=f"{_OURS}:cka_debiased",
        table=True,
    ),
    Measure("rsa", "RSA", "RSA (Pearson), cosine distances", f"{_OURS}:rsa", table=True, drawn=True),
    Measure(
        name="rho",
        label="rho",
        long_label="distance of centred kernels over the first's size, of Corollary 1",
        function=f"{_OURS}:rho",
        identity=0.0,
        symmetric=False,
    ),
    Measure(
        name="r",
        label="r",
        long_label="distance of dissimilarities over the first's spread, of Corollary 2",
        function=f"{_OURS}:r",
        identity=0.0,
        symmetric=False,
    ),
    Measure("drift", "drift", "distance of cosine matrices, Frobenius norm", f"{_OURS}:drift", identity=0.0),
)

ALL_MEASURES = MEASURES | _by_name(  # of any two arrays of features
    Measure(
        name="rsa_correlation",
        label="RSA, correlation",
        long_label="RSA (Pearson), correlation distances",
        function=f"{_DISTANCES}:rsa_correlation",
    ),
    Measure(
        name="procrustes",
        label="Procrustes",
        long_label="Procrustes similarity, raw features",
        function=f"{_GEOMETRY}:procrustes_similarity",
        cost="N d² + d³",
    ),
    Measure(
        name="rsa_euclidean",
        label="RSA, Euclidean",
        long_label="RSA (Pearson), Euclidean distances",
        function=f"{_DISTANCES}:rsa_euclidean",
        cost="N² d",
        all_pairs=True,
    ),
    Measure(
        name="rsa_spearman",
        label="RSA, Spearman",
        long_label="RSA (Spearman), cosine distances",
        function=f"{_RANKS}:rsa_spearman",
        cost=_SORTED,
        all_pairs=True,
    ),
    Measure(
        name="rsa_rho_a",
        label="RSA, rho-a",
        long_label="RSA (Spearman's rho-a), cosine distances",
        function=f"{_RANKS}:rsa_rho_a",
        cost=_SORTED,
        all_pairs=True,
        identity=None,
    ),
    Measure(
        name="rsa_tau_a",
        label="RSA, tau-a",
        long_label="RSA (Kendall's tau-a), cosine distances",
        function=f"{_RANKS}:rsa_tau_a",
        cost=_SORTED,
        all_pairs=True,
        identity=None,
    ),
    Measure(
        name="mutual_knn",
        label="shared neighbours",
        long_label="shared 10 nearest neighbours, cosine",
        function=f"{_GEOMETRY}:shared_neighbours",
        cost="N² d",
        all_pairs=True,
        identity=None,
    ),
)
TABLE_MEASURES = tuple(name for name, measure in MEASURES.items() if measure.table)


def modules_of_measures() -> list[str]:
    """Return the modules of the functions in MEASURES, sorted."""
    return sorted({measure.function.rpartition(":")[0] for measure in MEASURES.values()})
