"""Measures of every two of several feature sets."""

import itertools
from collections.abc import Iterable, Sequence

from twin_alignment.comparison.result import ClassVariance, ComparedInput, Comparison
from twin_alignment.comparison.row_order import OrderedSets, labels_in_order
from twin_alignment.measures.chunks import Track
from twin_alignment.measures.feature_set import Estimate, FeatureSet, Pair
from twin_alignment.measures.measure_choice import check_measures
from twin_alignment.measures.neural_collapse import cdnv, directional_cdnv
from twin_alignment.measures.registry import ALL_MEASURES
from twin_alignment.progress import track


def compare_sets(
    ordered: OrderedSets, labels: FeatureSet | None, measures: Sequence[str], show_progress: bool = False
) -> Comparison:
    """Compare every two feature sets.

    Args:
        ordered: two sets or more.
        labels: class of each row [N], with names of rows. None: no class variances.
        measures: names of measures.
        show_progress: show progress of long measures on standard error.

    Raises:
        ValueError: a measure is unknown, or not defined for a set.
    """
    check_measures(measures)
    collapse, notes = {}, ordered.notes
    if labels is not None:
        classes, notes_on_labels = labels_in_order(labels, ordered.reference)
        notes += notes_on_labels
        for item in ordered.sets:
            collapse[item.name] = ClassVariance(cdnv(item.features, classes), directional_cdnv(item.features, classes))
    pairs = {
        (a.name, b.name): _estimates(Pair(a, b), measures, show_progress)
        for a, b in itertools.combinations(ordered.sets, 2)
    }
    inputs = tuple(
        ComparedInput(item.name, len(item.features), item.features.shape[1], item.note) for item in ordered.sets
    )
    return Comparison(inputs, pairs, collapse, notes)


def _estimates(pair: Pair, measures: Sequence[str], show_progress: bool) -> dict[str, Estimate]:
    return {name: ALL_MEASURES[name](pair, _tracker(name, pair) if show_progress else None) for name in measures}


def _tracker(measure: str, pair: Pair) -> Track:
    """Return progress under the name of a measure and its pair."""

    def tracked(items: Iterable[int], total: int) -> Iterable[int]:
        return track(items, total, f"{measure}, {pair.first.name} and {pair.second.name}")

    return tracked
