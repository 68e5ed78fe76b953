"""Bounds of one setting as a table for a reader."""

import math
from typing import TYPE_CHECKING

from twin_alignment.text_table import text_table
from twin_alignment.theory.theorem_bounds import LOG_TWO, log_limit

if TYPE_CHECKING:
    from twin_alignment.theory.guarantee import TheoremBounds

MAX_EXPONENT = math.log(1.7e308)  # of e, in a float64
LABELS = {"nonexpansive": "non-expansive", "telescoped": "telescoped", "theorem1": "Theorem 1"}
HEADER = ["bound", "with", "‖Σ_CL − Σ_NSCL‖ at most", "says nothing below this N"]
VACUOUS = " (above 2, the largest difference of two distributions: vacuous)"
NOTE = """\
Cosine matrices of N images are never further apart than √2 N in the Frobenius norm: a bound of √2 N or
more says nothing. The theorems are about similarity descent, not about training (docs/theory.md)."""


def guarantee_text(bounds: "TheoremBounds") -> str:
    """Return each bound with both Deltas, and the number of images from which it says anything."""
    rows = []
    for name, label in LABELS.items():
        for suffix, mismatch in (("", "published Δ"), ("_sharp", "sharper Δ′")):
            log = getattr(bounds, f"{name}{suffix}")
            rows.append([label, mismatch, _number(log), _images(log)])
    vacuous = VACUOUS if bounds.delta_mismatch > LOG_TWO else ""
    first = f"ε = {_number(bounds.epsilon)}, Δ = {_number(bounds.delta_mismatch)}{vacuous}"
    return f"{first}, Δ′ = {_number(bounds.delta_mismatch_sharp)}\n\n{text_table(rows, HEADER)}\n\n{NOTE}"


def _number(log: float | None) -> str:
    if log is None:
        return "not claimed: the rate is above 4 τ² B"
    if math.isinf(log):
        return "infinite" if log > 0 else "0"
    return f"{math.exp(log):.4g}" if log < MAX_EXPONENT else f"e^{log:.4g}"


def _images(log: float | None) -> str:
    """Number of images below which a bound says nothing."""
    if log is None:
        return "–"
    if not math.isfinite(log):
        return "any number"
    images = log - log_limit(1)
    return f"{math.ceil(math.exp(images)):,}" if images < math.log(1e9) else _number(images)
