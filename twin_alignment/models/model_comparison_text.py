"""Text of a comparison of two networks for a reader."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from twin_alignment.text_table import text_table

if TYPE_CHECKING:
    from twin_alignment.models.model_comparison import ModelComparison

HEADER = ["layer", "most similar layer", "CKA", "debiased", "RSA", "chance"]
ASSUMED = """\
CKA and RSA on cosine similarities of all images. Debiased: CKA by the unbiased HSIC. Chance: mean of CKA over all
orders of one network's images. --intervals LAYER_A LAYER_B adds the 95 % intervals of a pair."""


def models_text(comparison: ModelComparison) -> str:
    """Return the most similar layer of the second network for each layer of the first, and intervals of pairs."""
    first, second = comparison.names
    rows = [_row(layer, comparison.table) for layer in comparison.table["layer_a"].unique()]
    parts = [f"{first} (layer) and {second} (most similar layer): {comparison.rows} images", text_table(rows, HEADER)]
    for (layer_a, layer_b), pair in comparison.intervals.items():
        ((_, values),) = pair.pairs.items()
        cells = [
            [name, f"{v.value:z.4f}", f"[{v.low:z.4f}, {v.high:z.4f}]", f"{v.null:z.4f} ± {v.null_sd:z.4f}"]
            for name, v in values.items()
        ]
        parts += [f"{layer_a} and {layer_b}", text_table(cells, ["measure", "value", "95 % interval", "chance ± s.d."])]
    return "\n\n".join([*parts, *(["\n".join(comparison.notes)] if comparison.notes else []), ASSUMED])


def _row(layer: str, table: pd.DataFrame) -> list[str]:
    """Cells of the second network's layer with the largest CKA."""
    rows = table[table["layer_a"] == layer].dropna(subset="cka").to_dict("records")
    if not rows:
        return [layer, *["–"] * (len(HEADER) - 1)]
    best = max(rows, key=lambda row: float(row["cka"]))
    numbers = [float(best[name]) for name in ("cka", "cka_debiased", "rsa", "chance")]
    return [layer, str(best["layer_b"]), *("–" if math.isnan(value) else f"{value:z.4f}" for value in numbers)]
