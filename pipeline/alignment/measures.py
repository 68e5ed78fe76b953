"""Every measure of how alike two representations are, in the order of tables: an entry and its function each.

Nothing here imports torch: tables and figures read names and labels, comparisons call the functions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.references import load

if TYPE_CHECKING:
    from pipeline.alignment.intervals import Estimate, Pair


@dataclass(frozen=True)
class Measure:
    """A column of `alignment.csv`'s `measure`, and what is said of it."""

    name: str
    label: str  # in tables and on axes
    long_label: str
    function: str  # `module:name` of a function of a Pair
    table: bool = False  # stands in Table 2 and in what `align` prints
    drawn: bool = False  # has a panel in figures, and is measured between seeds too

    def __call__(self, pair: Pair) -> Estimate:
        found: Estimate = load(self.function)(pair)
        return found


_OURS = "pipeline.alignment.intervals"

MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure("cka", "CKA", "linear CKA, cosine similarities", f"{_OURS}:cka", table=True, drawn=True),
        Measure("cka_raw", "CKA, raw features", "linear CKA, raw features", f"{_OURS}:cka_raw", table=True),
        Measure(
            *("cka_debiased", "CKA, debiased", "linear CKA, cosine similarities, debiased"),
            f"{_OURS}:cka_debiased",
            table=True,
        ),
        Measure("rsa", "RSA", "RSA (Pearson), cosine distances", f"{_OURS}:rsa", table=True, drawn=True),
        Measure("rho", "rho", "distance of centred kernels over the first's size, of Corollary 1", f"{_OURS}:rho"),
        Measure("r", "r", "distance of dissimilarities over the first's spread, of Corollary 2", f"{_OURS}:r"),
        Measure("drift", "drift", "distance of cosine matrices, Frobenius norm", f"{_OURS}:drift"),
    )
}
