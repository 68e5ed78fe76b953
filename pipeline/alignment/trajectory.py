"""Alignment of every pair of twins at every kept epoch."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from torch import Tensor

from pipeline.alignment.similarity import representation, similarity


@dataclass(frozen=True)
class AlignmentRow:
    """CKA and RSA of one pair of twins on one split at one epoch."""

    epoch: int
    split: str
    first: str
    second: str
    rows: int
    cka: float
    rsa: float


def trajectory(
    objectives: Sequence[str], epochs: Iterable[int], load: Callable[[str, int], dict[str, Tensor]]
) -> list[AlignmentRow]:
    """One row per epoch, split and pair; `load(objective, epoch)` gives {"train": [N, d], "test": [M, d]}."""
    table = []
    for epoch in epochs:
        features = {name: load(name, epoch) for name in objectives}
        for split in ("train", "test"):
            prepared = {
                name: representation(features[name][split], f"{name}, epoch {epoch}, {split}") for name in objectives
            }
            for first, second in itertools.combinations(objectives, 2):
                found = similarity(prepared[first], prepared[second])
                rows = len(features[first][split])
                table.append(AlignmentRow(epoch, split, first, second, rows, found.cka, found.rsa))
    return table
