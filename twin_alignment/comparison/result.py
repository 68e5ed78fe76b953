"""Result of a comparison of every two of several feature sets."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from twin_alignment.lazy_pandas import pd
from twin_alignment.measures.feature_set import Estimate
from twin_alignment.measures.registry import ALL_MEASURES

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class ClassVariance:
    """Class-distance-normalised variance of a feature set, and its directional form along the line between means."""

    cdnv: float
    directional_cdnv: float


@dataclass(frozen=True)
class ComparedInput:
    """Name and shape [rows, dimensions] of a feature set, and a note on how it was read."""

    name: str
    rows: int
    dimensions: int
    note: str = ""

    @property
    def text(self) -> str:
        """Name, shape and note in one line."""
        note = f"; {self.note}" if self.note else ""
        return f"{self.name}: {self.rows} rows, {self.dimensions} columns{note}"


@dataclass(frozen=True)
class Comparison:
    """Measures of every two of several feature sets; `str()` of it is a table for a reader.

    Attributes:
        inputs: the feature sets, in the order that was given.
        pairs: estimates by measure, of every two names.
        collapse: class variances by name; empty without labels.
        joined: notes on how rows were joined by their names, or that order counts.
    """

    inputs: tuple[ComparedInput, ...]
    pairs: dict[tuple[str, str], dict[str, Estimate]]
    collapse: dict[str, ClassVariance]
    joined: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Number of inputs."""
        return self.inputs[0].rows

    @property
    def names(self) -> list[str]:
        """Names of the feature sets."""
        return [item.name for item in self.inputs]

    @property
    def measures(self) -> list[str]:
        """Names of the measures."""
        return list(next(iter(self.pairs.values())))

    @property
    def table(self) -> pd.DataFrame:
        """Table with a row a pair and measure: value, interval, and chance level with standard deviation."""
        rows = [
            {"first": first, "second": second, "measure": name, **asdict(estimate)}
            for (first, second), values in self.pairs.items()
            for name, estimate in values.items()
        ]
        return pd.DataFrame(rows)

    def matrix(self, measure: str) -> pd.DataFrame:
        """Values of one measure for every two names; NaN where it is not symmetric and was taken the other way.

        Args:
            measure: one of `measures`.
        """
        facts = ALL_MEASURES[measure]

        def value(first: str, second: str) -> float:
            if first == second:
                return math.nan if facts.identity is None else facts.identity
            if (first, second) in self.pairs:
                return self.pairs[first, second][measure].value
            return self.pairs[second, first][measure].value if facts.symmetric else math.nan

        names = self.names
        return pd.DataFrame([[value(row, column) for column in names] for row in names], names, names, dtype=float)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; None for what a measure does not have (an interval, a chance level)."""
        pairs = [
            {"first": first, "second": second, **{name: _plain(asdict(values[name])) for name in values}}
            for (first, second), values in self.pairs.items()
        ]
        matrices = {name: self.matrix(name).to_numpy().tolist() for name in self.measures}
        return {
            "rows": self.rows,
            "joined": list(self.joined),
            "files": [{"file": item.name, "dimensions": item.dimensions, "read": item.note} for item in self.inputs],
            "pairs": pairs,
            "matrices": _plain(matrices),
            "collapse": {name: asdict(variance) for name, variance in self.collapse.items()},
        }

    def to_json(self) -> str:
        """Return `to_dict()` as JSON."""
        return json.dumps(self.to_dict(), indent=2)

    def plot(self) -> Figure:
        """Draw values with intervals of one pair, or a matrix per measure of several; `savefig` writes it."""
        from twin_alignment.comparison.comparison_plot import draw  # noqa: PLC0415  (Matplotlib loads slowly)

        return draw(self)

    def __str__(self) -> str:
        from twin_alignment.comparison.comparison_text import comparison_text  # noqa: PLC0415  (it reads this class)

        return comparison_text(self)


def _plain(value: Any) -> Any:
    """Return None for every NaN in nested lists and dictionaries."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
