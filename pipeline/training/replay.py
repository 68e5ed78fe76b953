"""Train some steps of a run again and compare them with what the run recorded."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from pipeline.data.images import Images
from pipeline.settings.base import SettingsError
from pipeline.settings.objective import Objective
from pipeline.settings.run import Run
from pipeline.settings.views import ViewRecipe
from pipeline.training.checkpoints import checkpoint_bytes, checkpoint_path
from pipeline.training.twins import Training

CUDA_TOLERANCE = 1e-3  # relative, of a loss: the order of sums on an accelerator is not fixed

Recorded = Mapping[tuple[int, int, str], tuple[float, ...]]  # (epoch, step, objective) -> rate, loss and masses


@dataclass(frozen=True)
class Compared:
    """Steps trained again from the state after an epoch (0: the initialisation) and a step of the next, beside those
    recorded."""

    after_epoch: int
    after_step: int
    steps: int
    twins: int
    equal: bool  # to the bit: nine digits tell all float32 apart
    deviation: float  # largest relative difference of a loss
    checkpoints: int  # networks of kept epochs reached again, to the bit

    @property
    def agree(self) -> bool:
        return self.equal or (torch.cuda.is_available() and self.deviation <= CUDA_TOLERANCE)


def replay(
    run: Run,
    objectives: Sequence[Objective],
    images: Images,
    recipe: ViewRecipe,
    recorded: Recorded,
    state: dict[str, Any] | None,
    steps: int | None,
    checkpoints: Mapping[str, str],
    workers: int = 1,
) -> Compared:
    """The first `steps` steps (none: all) that were recorded after `state`, or from the initialisation where there is
    none.

    Networks of epochs that were kept are compared too, by the digests of their files: `checkpoints` has them by file
    name. Raises SettingsError where nothing was recorded of one of these steps.
    """
    training = Training(run, objectives, images, recipe)
    if state is not None:
        training.restore(state)
    start, after = _place(training), (training.finished, training.step)
    most = len({key[:2] for key in recorded if key[:2] > start})  # less than all of a run that is cut off
    last = most if steps is None else min(steps, most)
    equal, deviation, reached, count = True, 0.0, 0, 0
    for count, (epoch, step) in enumerate(training.steps(workers), start=1):
        if step == training.stream.steps:
            for twin in training.twins:
                known_as = checkpoints.get(checkpoint_path(Path(), twin.objective.name, epoch).name)
                same = known_as == hashlib.sha256(checkpoint_bytes(twin.network)).hexdigest()
                equal &= same or known_as is None
                reached += same
        if count >= last:
            break
    for row in (*training.rows, *training.unfinished()):
        if (row.epoch, row.step) <= start:
            continue
        then = recorded.get((row.epoch, row.step, row.objective))
        if then is None:
            raise SettingsError(
                f"{run.name}: nothing is recorded of {row.objective} in epoch {row.epoch}, step {row.step}"
            )
        now = (row.learning_rate, row.loss, row.mean_mass, row.mean_square_mass)
        equal &= [f"{value:.9g}" for value in now] == [f"{value:.9g}" for value in then]
        deviation = max(deviation, abs(row.loss - then[1]) / max(abs(then[1]), 1e-12))
    return Compared(*after, count, len(training.twins), equal, deviation, reached)


def _place(training: Training) -> tuple[int, int]:
    """Finished epochs, and steps of the next: less than (epoch, step) of every step to come."""
    return (training.finished + 1, training.step) if training.step else (training.finished, training.stream.steps)
