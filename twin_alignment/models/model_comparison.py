"""Measures of all layers of one network with all layers of another."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from twin_alignment.comparison.result import Comparison

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class ModelComparison:
    """Measures of every layer of one network with every layer of another.

    Attributes:
        names: of both networks.
        rows: number of images.
        table: a row for each two layers: `layer_a`, `layer_b`, `cka`, `rsa`, `cka_debiased` and `chance`, the exact
            mean of CKA over all orders of one side's rows. NaN: not defined, see `notes`.
        intervals: comparisons with intervals, by (layer_a, layer_b), of the pairs that were asked for.
        notes: layers that cannot be compared, and why.
    """

    names: tuple[str, str]
    rows: int
    table: pd.DataFrame
    intervals: Mapping[tuple[str, str], Comparison] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def matrix(self, measure: str = "cka") -> pd.DataFrame:
        """Return one measure, with a row for each layer of the first network and a column for each of the second."""
        wide = self.table.pivot(index="layer_a", columns="layer_b", values=measure)
        return wide.loc[self.table["layer_a"].unique(), self.table["layer_b"].unique()]

    def plot(self, measure: str = "cka") -> "Figure":
        """Draw a heat map of one measure; `savefig` writes it."""
        from twin_alignment.models.model_heatmap import draw_heatmap  # noqa: PLC0415  (Matplotlib loads slowly)

        return draw_heatmap(self, measure)

    def to_json(self) -> str:
        """Return names, rows, table, intervals and notes as JSON."""
        rows = self.table.astype(object).where(self.table.notna(), None).to_dict("records")
        pairs = [{"layer_a": a, "layer_b": b, **item.to_dict()["pairs"][0]} for (a, b), item in self.intervals.items()]
        content = {"models": self.names, "rows": self.rows, "layers": rows, "intervals": pairs, "notes": self.notes}
        return json.dumps(content, indent=2)

    def __str__(self) -> str:
        from twin_alignment.models.model_comparison_text import models_text  # noqa: PLC0415  (it reads this class)

        return models_text(self)
