"""Registry of measures of two representations, in the order of tables: an entry with its function each.

Nothing here imports torch: tables and figures read names and labels, comparisons call the functions.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twin_alignment.measures.chunks import Track
    from twin_alignment.measures.feature_set import Estimate, Pair


@dataclass(frozen=True)
class Measure:
    """Measure with its name in `alignment.csv`, `align` and `compare`, its labels and its cost. Call it with a Pair."""

    name: str
    label: str  # in tables and on axes
    long_label: str
    function: str  # `module:name` of a function of a Pair, and of its progress where `long`
    table: bool = False  # in Table 2, and the default of `align` and `compare`
    drawn: bool = False  # has a panel in figures, and is measured between seeds too
    cost: str = "N d²"  # operations, for N rows of d dimensions
    long: bool = False  # takes long enough for its progress to be shown
    identity: float | None = 1.0  # of a representation with itself; None where it depends on the representation
    symmetric: bool = True

    def __call__(self, pair: Pair, track: Track | None = None) -> Estimate:
        module, _, name = self.function.partition(":")
        function = getattr(importlib.import_module(module), name)
        estimate: Estimate = function(pair, track) if self.long and track else function(pair)
        return estimate


def _by_name(*measures: Measure) -> dict[str, Measure]:
    return {measure.name: measure for measure in measures}


_JACKKNIFE = "twin_alignment.measures.jackknife"
_DISTANCES = "twin_alignment.measures.dissimilarities"
_RANKS = "twin_alignment.measures.rank_correlations"
_GEOMETRY = "twin_alignment.measures.geometry"
_NEIGHBOURS = "twin_alignment.measures.neighbours"
_PREDICTIVITY = "twin_alignment.measures.linear_predictivity"
_SORTED = "N² (d + log N)"

MEASURES = _by_name(  # of every run
    Measure("cka", "CKA", "linear CKA, cosine similarities", f"{_JACKKNIFE}:cka", table=True, drawn=True),
    Measure("cka_raw", "CKA, raw features", "linear CKA, raw features", f"{_JACKKNIFE}:cka_raw", table=True),
    Measure(
        name="cka_debiased",
        label="CKA, debiased",
        long_label="linear CKA, cosine similarities, debiased",
        function=f"{_JACKKNIFE}:cka_debiased",
        table=True,
    ),
    Measure("rsa", "RSA", "RSA (Pearson), cosine distances", f"{_JACKKNIFE}:rsa", table=True, drawn=True),
    Measure(
        name="rho",
        label="rho",
        long_label="distance of centred kernels over the first's size, of Corollary 1",
        function=f"{_GEOMETRY}:rho",
        identity=0.0,
        symmetric=False,
    ),
    Measure(
        name="r",
        label="r",
        long_label="distance of dissimilarities over the first's spread, of Corollary 2",
        function=f"{_GEOMETRY}:r",
        identity=0.0,
        symmetric=False,
    ),
    Measure("drift", "drift", "distance of cosine matrices, Frobenius norm", f"{_GEOMETRY}:drift", identity=0.0),
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
        long=True,
    ),
    Measure(
        name="shape_distance",
        label="shape distance",
        long_label="angular shape distance, raw features, radians",
        function="twin_alignment.measures.shape_distance:shape_distance",
        cost="N d² + d³",
        long=True,
        identity=0.0,
    ),
    Measure(
        name="cca",
        label="CCA",
        long_label="mean canonical correlation, raw features",
        function="twin_alignment.measures.canonical_correlation:cca",
        cost="N d² + d³",
        long=True,
    ),
    Measure(
        name="svcca",
        label="SVCCA",
        long_label="mean canonical correlation of the directions with 99 % of the variance",
        function="twin_alignment.measures.svcca:svcca_of",
        cost="N d² + d³",
        long=True,
    ),
    Measure(
        name="predictivity",
        label="predictivity",
        long_label="R² of the second by ridge regression on the first, held-out rows",
        function=f"{_PREDICTIVITY}:predictivity",
        cost="N d² + d³",
        identity=None,
        symmetric=False,
    ),
    Measure(
        name="predictivity_reverse",
        label="predictivity, reverse",
        long_label="R² of the first by ridge regression on the second, held-out rows",
        function=f"{_PREDICTIVITY}:predictivity_reverse",
        cost="N d² + d³",
        identity=None,
        symmetric=False,
    ),
    Measure(
        name="cka_rbf",
        label="CKA, RBF",
        long_label="CKA of Gaussian kernels of the median distance, raw features",
        function="twin_alignment.measures.rbf_cka:cka_rbf",
        cost="N² d",
        long=True,
    ),
    Measure(
        name="rsa_euclidean",
        label="RSA, Euclidean",
        long_label="RSA (Pearson), Euclidean distances",
        function=f"{_DISTANCES}:rsa_euclidean",
        cost="N² d",
        long=True,
    ),
    Measure(
        name="rsa_spearman",
        label="RSA, Spearman",
        long_label="RSA (Spearman), cosine distances",
        function=f"{_RANKS}:rsa_spearman",
        cost=_SORTED,
        long=True,
    ),
    Measure(
        name="rsa_rho_a",
        label="RSA, rho-a",
        long_label="RSA (Spearman's rho-a), cosine distances",
        function=f"{_RANKS}:rsa_rho_a",
        cost=_SORTED,
        long=True,
        identity=None,
    ),
    Measure(
        name="rsa_tau_a",
        label="RSA, tau-a",
        long_label="RSA (Kendall's tau-a), cosine distances",
        function="twin_alignment.measures.tau_a:rsa_tau_a",
        cost=_SORTED,
        long=True,
        identity=None,
    ),
    Measure(
        name="mutual_knn",
        label="shared neighbours",
        long_label="shared 10 nearest neighbours, cosine",
        function=f"{_NEIGHBOURS}:shared_neighbours",
        cost="N² d",
        long=True,
        identity=None,
    ),
    Measure(
        name="cknna",
        label="CKNNA",
        long_label="alignment of similarities of 10 shared nearest neighbours, cosine",
        function="twin_alignment.measures.cknna:cknna_of",
        cost="N² d",
        long=True,
        symmetric=False,
    ),
)
TABLE_MEASURES = tuple(name for name, measure in MEASURES.items() if measure.table)


def modules_of_measures() -> list[str]:
    """Return the modules of the functions in MEASURES, sorted."""
    return sorted({measure.function.rpartition(":")[0] for measure in MEASURES.values()})
