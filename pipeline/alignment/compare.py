"""Two arrays of features, compared: `from pipeline.alignment.compare import compare`."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from pipeline.alignment.arrays import as_tensor
from pipeline.alignment.intervals import Estimate, Pair, Prepared
from pipeline.alignment.measures import MEASURES

OF_TABLES = tuple(name for name, measure in MEASURES.items() if measure.table)


def compare(
    first: np.ndarray | Tensor, second: np.ndarray | Tensor, measures: Sequence[str] = OF_TABLES
) -> dict[str, Estimate]:
    """Features [N, d] and [N, d'] of the same inputs in the same order: each measure with its value, its 95 % interval
    over rows (`low`, `high`), and mean and standard deviation over all orders of one side's rows (`null`, `null_sd`).

    Six products of N d^2 for the cosine measures and six for raw features, on the device of a tensor; float64, and
    float32 for large products on a CPU. Raises ValueError where rows differ in number, are fewer than 5, are zero, not
    finite or not real numbers, or have no similarity structure.
    """
    if isinstance(measures, str):
        raise ValueError(f"measures = {measures!r}: allowed is a list of names, as [{measures!r}]")
    unknown = [name for name in measures if name not in MEASURES]
    if unknown:
        raise ValueError(f"measure {unknown[0]!r}: allowed is some of {', '.join(MEASURES)}")
    pair = Pair(*(Prepared(as_tensor(rows, name), name) for rows, name in ((first, "first"), (second, "second"))))
    return {name: MEASURES[name](pair) for name in measures}
