"""Every pair of twins at every kept epoch: representations, weights, how far each has collapsed, and has moved.

A network that has collapsed at an epoch, on any split, has weights then and no similarities: these are NaN.
"""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from pipeline.evaluate.movement import MovementRow, Start, Travelled
from twin_alignment.measures.constant_features import is_collapsed
from twin_alignment.measures.feature_set import Estimate, FeatureSet, Pair
from twin_alignment.measures.geometry import representation_angle
from twin_alignment.measures.neural_collapse import cdnv, directional_cdnv
from twin_alignment.measures.registry import MEASURES
from twin_alignment.measures.weight_distance import weight_angle, weight_gap, weight_gap_released


@dataclass(frozen=True)
class AlignmentRow:
    """One measure of two twins' representations of one split at one epoch; the 95 % interval is over the rows
    (jackknife), null what unrelated rows would give; NaN where the measure has none, and all where a twin collapsed."""

    epoch: int
    split: str
    first: str
    second: str
    rows: int
    measure: str
    value: float
    low: float
    high: float
    null: float


@dataclass(frozen=True)
class WeightRow:
    """How far two twins' encoders are apart at one epoch; angles in degrees, the representations' on test images.

    `weight_gap` is over matrices and kernels, `weight_gap_released` over all that the released code takes too."""

    epoch: int
    first: str
    second: str
    weight_gap: float
    weight_gap_released: float
    weight_angle: float
    representation_angle: float


@dataclass(frozen=True)
class CollapseRow:
    """How tight the classes are in one twin's representation of one split at one epoch; NaN where it has collapsed."""

    epoch: int
    objective: str
    split: str
    cdnv: float
    directional_cdnv: float


@dataclass(frozen=True)
class Trajectory:
    alignment: list[AlignmentRow]
    weights: list[WeightRow]
    collapse: list[CollapseRow]
    movement: list[MovementRow]


Features = Mapping[str, Tensor]  # {"train": [N, d], "test": [M, d]}
Weights = Mapping[str, Tensor]  # of an encoder, by name


def trajectory(
    objectives: Sequence[str],
    epochs: Iterable[int],
    features_of: Callable[[str, int], Features],
    weights_of: Callable[[str, int], Weights],
    labels: Mapping[str, Tensor],
    travelled: Mapping[int, Travelled],
) -> Trajectory:
    """All measures of a run; both functions are called with (objective, epoch), once each.

    The first of the epochs is 0, from which movement is measured; `travelled` says of each how far training had come.
    """
    table = Trajectory([], [], [], [])
    starts: dict[str, Start] = {}
    for epoch in epochs:
        features = {name: features_of(name, epoch) for name in objectives}
        weights = {name: weights_of(name, epoch) for name in objectives}
        collapsed = {n for n, own in features.items() if any(is_collapsed(own[s], labels[s]) for s in labels)}
        for split in labels:
            sides = {
                name: None if name in collapsed else FeatureSet(own[split], f"{name}, epoch {epoch}, {split}")
                for name, own in features.items()
            }
            table.alignment.extend(_alignment(sides, epoch, split, len(labels[split])))
            table.collapse.extend(_collapse(sides, epoch, split, labels[split]))
            if split == "test":
                if epoch == 0:
                    starts = {name: Start(side, weights[name]) for name, side in sides.items()}
                for name, side in sides.items():
                    table.movement.append(starts[name].moved(epoch, travelled[epoch], name, side, weights[name]))
        on_test = [row for row in table.alignment if (row.epoch, row.split, row.measure) == (epoch, "test", "cka")]
        for row in on_test:
            a, b = weights[row.first], weights[row.second]
            angle = math.nan if math.isnan(row.value) else representation_angle(row.value)
            apart = weight_gap(a, b), weight_gap_released(a, b), weight_angle(a, b), angle
            table.weights.append(WeightRow(epoch, row.first, row.second, *apart))
    return table


Sides = Mapping[str, FeatureSet | None]  # by objective; none of a collapsed network


def _alignment(sides: Sides, epoch: int, split: str, rows: int) -> Iterator[AlignmentRow]:
    for (first, a), (second, b) in itertools.combinations(sides.items(), 2):
        pair = Pair(a, b) if a and b else None
        for name, measure in MEASURES.items():
            e = measure(pair) if pair else Estimate(math.nan)
            yield AlignmentRow(epoch, split, first, second, rows, name, e.value, e.low, e.high, e.null)


def _collapse(sides: Sides, epoch: int, split: str, labels: Tensor) -> Iterator[CollapseRow]:
    for name, side in sides.items():
        found = (cdnv(side.features, labels), directional_cdnv(side.features, labels)) if side else (math.nan, math.nan)
        yield CollapseRow(epoch, name, split, *found)
