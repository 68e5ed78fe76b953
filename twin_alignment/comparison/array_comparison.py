"""Comparisons of arrays of features."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import pandas as pd
from torch import Tensor

from twin_alignment.comparison.pairwise import compare_sets
from twin_alignment.comparison.result import Comparison
from twin_alignment.comparison.row_order import in_one_order
from twin_alignment.measures.feature_set import Estimate, FeatureSet, Pair
from twin_alignment.measures.measure_choice import check_measures
from twin_alignment.measures.registry import ALL_MEASURES, TABLE_MEASURES
from twin_alignment.measures.row_names import check_columns, joined_tensors, row_names
from twin_alignment.measures.tensors import as_tensor

Array: TypeAlias = np.ndarray | Tensor | pd.DataFrame
NamedArray: TypeAlias = Array | FeatureSet
LabelArray: TypeAlias = np.ndarray | Tensor | pd.Series | Sequence[int]


def compare(first: Array, second: Array, measures: Sequence[str] = TABLE_MEASURES) -> dict[str, Estimate]:
    """Measures of similarity of two representations of the same inputs.

    Rows of two tables of pandas are joined by their index; anything else counts by order. Six products of N d^2 for the
    cosine measures and six for raw features, on the device of a tensor; float64, and float32 for large products on a
    CPU. Measures over all pairs take more, see [features](features.md).

    Args:
        first: features [N, d].
        second: features [N, d'] of the same inputs.
        measures: names from `twin_alignment.measures.registry.ALL_MEASURES`; the default is those of tables.

    Returns:
        Each measure with its value, its 95 % interval over rows (`low`, `high`), mean and standard deviation over all
        orders of one side's rows (`null`, `null_sd`), and a `note` on ties, on how rows were joined, or on why it is
        not defined. NaN for what a measure does not have.

    Raises:
        CollapseError: all rows of a side are the same, up to rounding: a ValueError too.
        ValueError: rows differ in number or names, are fewer than 5, are zero, not finite or not real numbers.

    Warns:
        UserWarning: rows were joined by name, or only one side has names.

    Example:
        >>> import numpy as np
        >>> x = np.random.default_rng(0).normal(size=(20, 3))
        >>> round(compare(x, 2 * x)["cka"].value, 6)
        1.0
    """
    check_measures(measures)
    a, b, note = joined_tensors(first, second, "first", "second")
    pair = Pair(FeatureSet(a, "first"), FeatureSet(b, "second"))
    estimates = {name: ALL_MEASURES[name](pair) for name in measures}
    return {
        name: replace(estimate, note="; ".join(filter(None, (estimate.note, note))))
        for name, estimate in estimates.items()
    }


def compare_many(
    arrays: Mapping[str, NamedArray],
    labels: LabelArray | None = None,
    measures: Sequence[str] = TABLE_MEASURES,
) -> Comparison:
    """Measures of similarity of every two of several representations of the same inputs.

    Rows of tables of pandas are joined by their index, and those of files by their names; anything else counts by
    order. What all comparisons with one
    representation share is computed once.

    Args:
        arrays: features [N, d] by name, two or more; d may differ. Those of files too, from `read_features`.
        labels: class of each row [N]: adds class-distance-normalised variances. None: without.
        measures: names from `twin_alignment.measures.registry.ALL_MEASURES`; the default is those of tables.

    Returns:
        The comparison: `table` is a pandas DataFrame, `matrix("cka")` all values of a measure, `to_json()` and `plot()`
        write and draw it.

    Raises:
        CollapseError: all rows of one are the same, up to rounding: a ValueError too.
        ValueError: rows differ in number or names, are fewer than 5, are zero, not finite or not real numbers.

    Warns:
        UserWarning: rows were joined by name, or some representations have no names.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=(20, 3))
        >>> comparison = compare_many({"a": x, "b": 2 * x, "c": x + rng.normal(size=(20, 3))}, measures=["cka"])
        >>> comparison.table[["first", "second", "measure"]].to_numpy().tolist()
        [['a', 'b', 'cka'], ['a', 'c', 'cka'], ['b', 'c', 'cka']]
        >>> round(float(comparison.matrix("cka").loc["a", "b"]), 6)
        1.0
    """
    if len(arrays) < 2:
        raise ValueError(f"{len(arrays)} arrays, expected two or more")
    ordered = in_one_order([_feature_set(values, name) for name, values in arrays.items()])
    comparison = compare_sets(ordered, None if labels is None else _feature_set(labels, "labels"), measures)
    for note in comparison.joined:
        warnings.warn(note, stacklevel=2)
    return comparison


def _feature_set(values: NamedArray | LabelArray, name: str) -> FeatureSet:
    if isinstance(values, FeatureSet):
        return replace(values, name=name)
    check_columns(values, name)
    return FeatureSet(as_tensor(values, name), name, row_names=row_names(values, name))
