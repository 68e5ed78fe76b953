"""Every pair of twins at every kept epoch: representations, weights, and how far each has collapsed."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from pipeline.alignment.collapse import cdnv, directional_cdnv
from pipeline.alignment.geometry import representation_angle
from pipeline.alignment.intervals import compare_prepared, prepare
from pipeline.alignment.similarity import representation, similarity
from pipeline.alignment.weights import weight_angle, weight_gap


@dataclass(frozen=True)
class AlignmentRow:
    """How alike two twins' representations of one split are at one epoch; intervals are over the rows (jackknife)."""

    epoch: int
    split: str
    first: str
    second: str
    rows: int
    cka: float
    cka_low: float
    cka_high: float
    cka_null: float
    cka_raw: float
    cka_debiased: float
    rsa: float
    rsa_low: float
    rsa_high: float
    rsa_null: float
    rho: float  # of Corollary 1
    r: float  # of Corollary 2
    drift: float  # |S - S'|_F


@dataclass(frozen=True)
class WeightRow:
    """How far two twins' encoders are apart at one epoch; angles in degrees, the representations' on test images."""

    epoch: int
    first: str
    second: str
    weight_gap: float
    weight_angle: float
    representation_angle: float


@dataclass(frozen=True)
class CollapseRow:
    """How tight the classes are in one twin's representation of one split at one epoch."""

    epoch: int
    objective: str
    split: str
    cdnv: float
    directional_cdnv: float


@dataclass(frozen=True)
class CeilingRow:
    """How alike CL is to CL of another seed, on one split at one epoch."""

    epoch: int
    split: str
    first_seed: int
    second_seed: int
    cka: float
    rsa: float


@dataclass(frozen=True)
class Trajectory:
    alignment: list[AlignmentRow]
    weights: list[WeightRow]
    collapse: list[CollapseRow]


Features = Mapping[str, Tensor]  # {"train": [N, d], "test": [M, d]}
Weights = Mapping[str, Tensor]  # of an encoder, by name


def trajectory(
    objectives: Sequence[str],
    epochs: Iterable[int],
    features_of: Callable[[str, int], Features],
    weights_of: Callable[[str, int], Weights],
    labels: Mapping[str, Tensor],
) -> Trajectory:
    """All measures of a run; both functions are called with (objective, epoch), once each."""
    table = Trajectory([], [], [])
    for epoch in epochs:
        features = {name: features_of(name, epoch) for name in objectives}
        weights = {name: weights_of(name, epoch) for name in objectives}
        for split in labels:
            rows = {name: features[name][split] for name in objectives}
            table.alignment.extend(_alignment(rows, epoch, split))
            for name, own in rows.items():
                collapse = cdnv(own, labels[split]), directional_cdnv(own, labels[split])
                table.collapse.append(CollapseRow(epoch, name, split, *collapse))
        cka = {(row.first, row.second): row.cka for row in table.alignment if (row.epoch, row.split) == (epoch, "test")}
        for pair, value in cka.items():
            a, b = (weights[name] for name in pair)
            gap, angle = weight_gap(a, b), weight_angle(a, b)
            table.weights.append(WeightRow(epoch, *pair, gap, angle, representation_angle(value)))
    return table


def _alignment(rows: Mapping[str, Tensor], epoch: int, split: str) -> Iterator[AlignmentRow]:
    prepared = {name: prepare(own, f"{name}, epoch {epoch}, {split}") for name, own in rows.items()}
    for first, second in itertools.combinations(rows, 2):
        found = compare_prepared(prepared[first], prepared[second])
        yield AlignmentRow(
            epoch=epoch,
            split=split,
            first=first,
            second=second,
            rows=found.rows,
            cka=found.cka.value,
            cka_low=found.cka.low,
            cka_high=found.cka.high,
            cka_null=found.cka.null,
            cka_raw=found.cka_raw.value,
            cka_debiased=found.cka_debiased.value,
            rsa=found.rsa.value,
            rsa_low=found.rsa.low,
            rsa_high=found.rsa.high,
            rsa_null=found.rsa.null,
            rho=found.rho,
            r=found.r,
            drift=found.drift,
        )


def ceiling(
    seeds: Sequence[int], epochs: Iterable[int], features_of: Callable[[int, int], Features]
) -> list[CeilingRow]:
    """One row per pair of seeds, epoch and split; `features_of(seed, epoch)` gives CL's features."""
    table = []
    for epoch in epochs:
        features = {seed: features_of(seed, epoch) for seed in seeds}
        for split in ("train", "test"):
            prepared = {
                seed: representation(features[seed][split], f"cl, seed {seed}, epoch {epoch}, {split}")
                for seed in seeds
            }
            for first, second in itertools.combinations(seeds, 2):
                found = similarity(prepared[first], prepared[second])
                table.append(CeilingRow(epoch, split, first, second, found.cka, found.rsa))
    return table
