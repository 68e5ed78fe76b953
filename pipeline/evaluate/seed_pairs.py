"""Alignment of networks of different seeds: of CL, an upper reference for any surrogate, and of CL and other twins."""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from twin_alignment.measures.constant_features import is_collapsed
from twin_alignment.measures.feature_set import FeatureSet, Pair
from twin_alignment.measures.registry import MEASURES

SPLITS = ("train", "test")
Sides = Mapping[int, FeatureSet | None]  # features of one twin and split by seed; None: the network has collapsed


@dataclass(frozen=True)
class BetweenSeedsRow:
    """One measure of CL's representations of one split at one epoch, for two seeds; NaN if one has collapsed."""

    epoch: int
    split: str
    first_seed: int
    second_seed: int
    measure: str
    value: float


@dataclass(frozen=True)
class TwinsBetweenSeedsRow:
    """One measure of two representations of different seeds, of CL and a twin or of a twin alone.

    Attributes:
        epoch: of the checkpoints.
        split: `train` or `test`.
        first_seed: of the first network.
        second_seed: of the second network.
        first: objective of the first network.
        second: objective of the second network.
        measure: name.
        value: NaN if a network has collapsed.
    """

    epoch: int
    split: str
    first_seed: int
    second_seed: int
    first: str
    second: str
    measure: str
    value: float


def between_seeds(
    seeds: Sequence[int], epochs: Iterable[int], features_of: Callable[[int, int], Mapping[str, Tensor]]
) -> list[BetweenSeedsRow]:
    """Compare CL's features of all pairs of seeds.

    Args:
        seeds: of the runs.
        epochs: to compare; one epoch of all seeds is in memory at a time.
        features_of: `features_of(seed, epoch)` returns CL's {split: features [N, d]}.

    Returns:
        One row for each epoch, split, pair of seeds and drawn measure.
    """
    table = []
    for epoch in epochs:
        features = {seed: features_of(seed, epoch) for seed in seeds}
        for split in SPLITS:
            sides = _sides(features, split, f"cl, epoch {epoch}")
            for first, second in itertools.combinations(seeds, 2):
                for name, value in _values(sides[first], sides[second]):
                    table.append(BetweenSeedsRow(epoch, split, first, second, name, value))
    return table


def twins_between_seeds(
    seeds: Sequence[int],
    twins: Iterable[str],
    epoch: int,
    features_of: Callable[[int, str], Mapping[str, Tensor]],
) -> list[TwinsBetweenSeedsRow]:
    """Compare CL with every twin, and every twin with itself, across seeds.

    Args:
        seeds: of the runs.
        twins: objectives other than CL; CL and one twin, of all seeds, are in memory at a time.
        epoch: of the checkpoints.
        features_of: `features_of(seed, objective)` returns {split: features [N, d]}.

    Returns:
        One row for each twin, split, pair of seeds and drawn measure: CL of a seed with the twin of another one, for
        all ordered pairs, and the twin with itself, for all pairs.
    """
    if len(seeds) < 2:
        return []
    table = []
    cl = _all_sides("cl", seeds, epoch, features_of)
    for twin in twins:
        sides = _all_sides(twin, seeds, epoch, features_of)
        for split in SPLITS:
            for first, second in itertools.permutations(seeds, 2):
                for name, value in _values(cl[split][first], sides[split][second]):
                    table.append(TwinsBetweenSeedsRow(epoch, split, first, second, "cl", twin, name, value))
            for first, second in itertools.combinations(seeds, 2):
                for name, value in _values(sides[split][first], sides[split][second]):
                    table.append(TwinsBetweenSeedsRow(epoch, split, first, second, twin, twin, name, value))
    return table


def _all_sides(
    twin: str, seeds: Sequence[int], epoch: int, features_of: Callable[[int, str], Mapping[str, Tensor]]
) -> dict[str, Sides]:
    """Features of one twin by split and seed."""
    features = {seed: features_of(seed, twin) for seed in seeds}
    return {split: _sides(features, split, f"{twin}, epoch {epoch}") for split in SPLITS}


def _sides(features: Mapping[int, Mapping[str, Tensor]], split: str, label: str) -> Sides:
    """Features of one split by seed."""
    sides = {seed: FeatureSet(rows[split], f"{label}, seed {seed}, {split}") for seed, rows in features.items()}
    return {seed: None if is_collapsed(side.features) else side for seed, side in sides.items()}


def _values(first: FeatureSet | None, second: FeatureSet | None) -> Iterator[tuple[str, float]]:
    """Drawn measures of two networks."""
    pair = Pair(first, second) if first and second else None
    for name, measure in MEASURES.items():
        if measure.drawn:
            yield name, measure(pair).value if pair else math.nan
