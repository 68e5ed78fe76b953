"""Train the first steps of a run again and compare them with what the run recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.config.base import SettingsError
from pipeline.config.objective_settings import Objective
from pipeline.config.run import Run
from pipeline.config.view_settings import Views
from pipeline.datasets.images import Images
from pipeline.system.files import digest_of_bytes
from pipeline.train.checkpoints import checkpoint_bytes, checkpoint_path, step_checkpoint_path
from pipeline.train.twin import StepRow
from pipeline.train.twin_trainer import TwinTrainer

FIRST_STEPS = 3  # rounding does not separate these; later steps diverge exponentially

Recorded = Mapping[tuple[int, int, str], tuple[float, ...]]  # (epoch, step, objective) -> rate, loss and masses


@dataclass(frozen=True)
class Comparison:
    """Steps trained again, compared with those recorded.

    Attributes:
        steps: number of steps trained.
        twins: number of twins.
        first_difference: first step that is not equal to the bit (nine digits identify a float32); None: all are equal.
        deviation: largest relative deviation of a loss.
        deviation_of_first: the same over the first `FIRST_STEPS` steps.
        checkpoints: number of checkpoints reached again, to the bit.
    """

    steps: int
    twins: int
    first_difference: int | None
    deviation: float
    deviation_of_first: float
    checkpoints: int


def replay(
    run: Run,
    objectives: Sequence[Objective],
    images: Images,
    views: Views,
    recorded: Recorded,
    steps: int | None,
    checkpoints: Mapping[str, str],
    workers: int = 1,
) -> Comparison:
    """Train the first steps from the initialisation and compare losses, same-class masses and checkpoints.

    Args:
        run: the settings.
        objectives: of the twins.
        images: training images.
        views: settings of the views.
        recorded: rates, losses and masses of the run.
        steps: how many; None: all that were recorded.
        checkpoints: {file name: SHA-256} of the run.
        workers: twins that train side by side.

    Raises:
        SettingsError: one of these steps was not recorded.
    """
    trainer = TwinTrainer(run, objectives, images, views)
    per_epoch = trainer.stream.steps
    recorded_steps = len({key[:2] for key in recorded})
    last = recorded_steps if steps is None else min(steps, recorded_steps)
    differences, reached, count = [], 0, 0
    for count, (epoch, step) in enumerate(trainer.steps(workers), start=1):
        equal = _equal_checkpoints(trainer, count, epoch if step == per_epoch else None, checkpoints)
        reached += sum(equal)
        differences += [] if all(equal) else [count]
        if count >= last:
            break
    deviations: dict[int, float] = {}
    for row in trainer.all_rows():
        then = _recorded(row, recorded, run)
        number = (row.epoch - 1) * per_epoch + row.step  # from 1, over all epochs
        differences += [] if _equal(row, then) else [number]
        deviations[number] = max(deviations.get(number, 0.0), abs(row.loss - then[1]) / max(abs(then[1]), 1e-12))
    return Comparison(
        count,
        len(trainer.twins),
        min(differences, default=None),
        max(deviations.values()),
        max(deviations[number] for number in sorted(deviations)[:FIRST_STEPS]),
        reached,
    )


def _recorded(row: StepRow, recorded: Recorded, run: Run) -> tuple[float, ...]:
    """Look up what was recorded of a row."""
    key = (row.epoch, row.step, row.objective)
    if key not in recorded:
        raise SettingsError(f"{run.name}: nothing is recorded of {row.objective} in epoch {row.epoch}, step {row.step}")
    return recorded[key]


def _equal(row: StepRow, then: tuple[float, ...]) -> bool:
    """Compare nine digits of rate, loss and masses."""
    now = (row.learning_rate, row.loss, row.mean_mass, row.mean_square_mass)
    return [f"{value:.9g}" for value in now] == [f"{value:.9g}" for value in then]


def _equal_checkpoints(
    trainer: TwinTrainer, step: int, epoch: int | None, checkpoints: Mapping[str, str]
) -> list[bool]:
    """Compare each twin's network with its checkpoints of a step and of the epoch that ends with it, if any."""
    files = [(step_checkpoint_path(Path(), twin.objective.name, step).name, twin.network) for twin in trainer.twins]
    if epoch is not None:
        files += [(checkpoint_path(Path(), twin.objective.name, epoch).name, twin.network) for twin in trainer.twins]
    return [
        checkpoints[name] == digest_of_bytes(checkpoint_bytes(network))
        for name, network in files
        if name in checkpoints
    ]
