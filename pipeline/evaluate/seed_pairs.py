"""Alignment of CL with CL of another seed, an upper reference for any surrogate."""

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from twin_alignment.measures.constant_features import is_collapsed
from twin_alignment.measures.jackknife import Pair, Prepared
from twin_alignment.measures.registry import MEASURES


@dataclass(frozen=True)
class BetweenSeedsRow:
    """One measure of CL's representations of one split at one epoch, for two seeds; NaN if one has collapsed."""

    epoch: int
    split: str
    first_seed: int
    second_seed: int
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
        for split in ("train", "test"):
            sides = {
                seed: Prepared(rows[split], f"cl, seed {seed}, epoch {epoch}, {split}")
                for seed, rows in features.items()
            }
            collapsed = {seed for seed, side in sides.items() if is_collapsed(side.features)}
            for first, second in itertools.combinations(seeds, 2):
                pair = None if collapsed & {first, second} else Pair(sides[first], sides[second])
                for name, measure in MEASURES.items():
                    if measure.drawn:
                        value = measure(pair).value if pair else math.nan
                        table.append(BetweenSeedsRow(epoch, split, first, second, name, value))
    return table
