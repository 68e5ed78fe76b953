"""Two arrays of features, compared: `from twin_alignment.measures.comparison import compare`."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from torch import Tensor

from twin_alignment.measures.jackknife import Estimate, Pair, Prepared
from twin_alignment.measures.registry import ALL_MEASURES, TABLE_MEASURES
from twin_alignment.measures.row_names import joined_tensors


def compare(
    first: np.ndarray | Tensor | pd.DataFrame,
    second: np.ndarray | Tensor | pd.DataFrame,
    measures: Sequence[str] = TABLE_MEASURES,
) -> dict[str, Estimate]:
    """Measures of how alike two representations of the same inputs are.

    Rows of two tables of pandas are joined by their index; all else is in the same order. Six products of N d^2 for the
    cosine measures and six for raw features, on the device of a tensor; float64, and float32 for large products on a
    CPU. Measures over all pairs take more, see [features](features.md).

    Args:
        first: features [N, d].
        second: features [N, d'] of the same inputs.
        measures: names, those of tables unless given; `twin_alignment.measures.registry.ALL_MEASURES` has all.

    Returns:
        Each measure with its value, its 95 % interval over rows (`low`, `high`), mean and standard deviation over all
        orders of one side's rows (`null`, `null_sd`), and a `note` on ties, on how rows were joined, or on why it is
        not defined. NaN for what a measure does not have.

    Raises:
        CollapseError: all rows of a side are the same, up to rounding: a ValueError too.
        ValueError: rows differ in number or names, are fewer than 5, are zero, not finite or not real numbers.

    Warns:
        UserWarning: rows were joined by name, or one side alone has names.
    """
    if isinstance(measures, str):
        raise ValueError(f"measures = {measures!r}: expected a list of names, as [{measures!r}]")
    unknown = [name for name in measures if name not in ALL_MEASURES]
    if unknown:
        raise ValueError(f"measure {unknown[0]!r}: expected some of {', '.join(ALL_MEASURES)}")
    a, b, note = joined_tensors(first, second, "first", "second")
    pair = Pair(Prepared(a, "first"), Prepared(b, "second"))
    found = {name: ALL_MEASURES[name](pair) for name in measures}
    return {name: replace(one, note="; ".join(filter(None, (one.note, note)))) for name, one in found.items()}
