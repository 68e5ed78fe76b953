"""Comparison of every pair of twins at every kept epoch: representations, weights, collapse, and movement.

A network that has collapsed at an epoch, on any split, has weights then and no similarities: these are NaN.
"""

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from torch import Tensor

from pipeline.evaluate.movement import MovementRow, Reference, TrainingProgress
from twin_alignment.measures.constant_features import is_collapsed
from twin_alignment.measures.geometry import representation_angle
from twin_alignment.measures.jackknife import Estimate, Pair, Prepared
from twin_alignment.measures.neural_collapse import cdnv, directional_cdnv
from twin_alignment.measures.registry import MEASURES
from twin_alignment.measures.weight_distance import weight_angle, weight_gap, weight_gap_released

Features = Mapping[str, Tensor]  # {"train": [N, d], "test": [M, d]}
Weights = Mapping[str, Tensor]  # of an encoder, by name
Sides = Mapping[str, Prepared | None]  # features of one split by objective; None: the network has collapsed


@dataclass(frozen=True)
class AlignmentRow:
    """One measure of two twins' representations of one split at one epoch.

    Attributes:
        epoch: of the checkpoints.
        split: `train` or `test`.
        first: objective.
        second: objective.
        rows: number of images.
        measure: name.
        value: NaN if a twin has collapsed.
        low: lower end of the 95 % interval over rows (jackknife); NaN if the measure has none.
        high: upper end.
        null: value expected of unrelated rows; NaN if the measure has none.
    """

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
    """Distance of two twins' encoders at one epoch.

    Attributes:
        epoch: of the checkpoints.
        first: objective.
        second: objective.
        weight_gap: over matrices and kernels.
        weight_gap_released: over all tensors that the released code takes too.
        weight_angle: in degrees.
        representation_angle: of test images, in degrees.
    """

    epoch: int
    first: str
    second: str
    weight_gap: float
    weight_gap_released: float
    weight_angle: float
    representation_angle: float


@dataclass(frozen=True)
class CollapseRow:
    """Tightness of the classes in one twin's representation of one split at one epoch; NaN if it has collapsed."""

    epoch: int
    objective: str
    split: str
    cdnv: float
    directional_cdnv: float


@dataclass
class Trajectory:
    """Tables of a run, filled epoch by epoch; the first epoch is 0, from which movement is measured.

    Attributes:
        labels: {split: [N]}.
    """

    labels: Mapping[str, Tensor]
    alignment: list[AlignmentRow] = field(default_factory=list)
    weights: list[WeightRow] = field(default_factory=list)
    collapse: list[CollapseRow] = field(default_factory=list)
    movement: list[MovementRow] = field(default_factory=list)
    _start: dict[str, Reference] = field(default_factory=dict)

    def add_epoch(
        self, epoch: int, progress: TrainingProgress, features: Mapping[str, Features], weights: Mapping[str, Weights]
    ) -> None:
        """Compare all twins at an epoch.

        Args:
            epoch: of the checkpoints.
            progress: training until then.
            features: by objective.
            weights: of the encoders, by objective.
        """
        collapsed = {
            name
            for name, splits in features.items()
            if any(is_collapsed(splits[split], labels) for split, labels in self.labels.items())
        }
        for split, labels in self.labels.items():
            sides = {
                name: None if name in collapsed else Prepared(splits[split], f"{name}, epoch {epoch}, {split}")
                for name, splits in features.items()
            }
            rows = list(_alignment(sides, epoch, split, len(labels)))
            self.alignment += rows
            self.collapse += _collapse(sides, epoch, split, labels)
            if split == "test":
                self.weights += [_distance(row, weights) for row in rows if row.measure == "cka"]
                for name, side in sides.items():
                    start = self._start.setdefault(name, Reference(side, weights[name]))
                    self.movement.append(start.displacement_row(epoch, progress, name, side, weights[name]))


def _alignment(sides: Sides, epoch: int, split: str, rows: int) -> Iterator[AlignmentRow]:
    """Measure every pair of twins."""
    for (first, a), (second, b) in itertools.combinations(sides.items(), 2):
        pair = Pair(a, b) if a and b else None
        for name, measure in MEASURES.items():
            e = measure(pair) if pair else Estimate(math.nan)
            yield AlignmentRow(epoch, split, first, second, rows, name, e.value, e.low, e.high, e.null)


def _collapse(sides: Sides, epoch: int, split: str, labels: Tensor) -> Iterator[CollapseRow]:
    """Measure the classes of every twin."""
    for name, side in sides.items():
        tightness = (math.nan, math.nan)
        if side:
            tightness = cdnv(side.features, labels), directional_cdnv(side.features, labels)
        yield CollapseRow(epoch, name, split, *tightness)


def _distance(cka: AlignmentRow, weights: Mapping[str, Weights]) -> WeightRow:
    """Compare the weights of a pair of twins, whose CKA is given."""
    a, b = weights[cka.first], weights[cka.second]
    angle = math.nan if math.isnan(cka.value) else representation_angle(cka.value)
    gaps = weight_gap(a, b), weight_gap_released(a, b), weight_angle(a, b)
    return WeightRow(cka.epoch, cka.first, cka.second, *gaps, angle)
