"""Train the first steps of a run again and compare them with what the run recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.config.base import SettingsError
from pipeline.config.objective_settings import Objective
from pipeline.config.run import Run
from pipeline.config.view_settings import ViewRecipe
from pipeline.datasets.images import Images
from pipeline.system.files import digest_of_bytes
from pipeline.train.checkpoints import checkpoint_bytes, checkpoint_path
from pipeline.train.twin_training import StepRow, Training

FIRST_STEPS = 3  # that rounding alone does not carry apart; later ones it does, exponentially

Recorded = Mapping[tuple[int, int, str], tuple[float, ...]]  # (epoch, step, objective) -> rate, loss and masses


@dataclass(frozen=True)
class Compared:
    """Steps trained again beside those recorded; deviations are relative, of losses."""

    steps: int
    twins: int
    apart_from: int | None  # the first step that is not equal to the bit (nine digits tell all float32 apart)
    deviation: float  # the largest
    deviation_of_first: float  # the largest of the first steps
    checkpoints: int  # networks of kept epochs reached again, to the bit


def replay(
    run: Run,
    objectives: Sequence[Objective],
    images: Images,
    recipe: ViewRecipe,
    recorded: Recorded,
    steps: int | None,
    checkpoints: Mapping[str, str],
    workers: int = 1,
) -> Compared:
    """Train the first `steps` steps (None: all) from the initialisation and compare every loss and same-class mass,
    and the networks of kept epochs by the digests of their files.

    Raises:
        SettingsError: nothing was recorded of one of these steps.
    """
    training = Training(run, objectives, images, recipe)
    recorded_steps = len({key[:2] for key in recorded})
    last = recorded_steps if steps is None else min(steps, recorded_steps)
    reached, other, count = 0, last + 1, 0
    for count, (epoch, step) in enumerate(training.steps(workers), start=1):
        if step == training.stream.steps:
            same = _same_networks(training, epoch, checkpoints)
            reached += sum(same)
            other = other if all(same) else min(other, count)
        if count >= last:
            break
    rows = [*training.rows, *training.unfinished()]
    apart = [_number(row, training.stream.steps) for row in rows if not _equal(row, _of(row, recorded, run))]
    deviations: dict[int, float] = {}
    for row in rows:
        number = _number(row, training.stream.steps)
        then = _of(row, recorded, run)[1]
        deviations[number] = max(deviations.get(number, 0.0), abs(row.loss - then) / max(abs(then), 1e-12))
    first_apart = min([*apart, other])
    return Compared(
        count,
        len(training.twins),
        first_apart if first_apart <= last else None,
        max(deviations.values()),
        max(deviations[number] for number in sorted(deviations)[:FIRST_STEPS]),
        reached,
    )


def _number(row: StepRow, steps: int) -> int:
    """A step counted over all epochs, from 1."""
    return (row.epoch - 1) * steps + row.step


def _of(row: StepRow, recorded: Recorded, run: Run) -> tuple[float, ...]:
    key = (row.epoch, row.step, row.objective)
    if key not in recorded:
        raise SettingsError(f"{run.name}: nothing is recorded of {row.objective} in epoch {row.epoch}, step {row.step}")
    return recorded[key]


def _equal(row: StepRow, then: tuple[float, ...]) -> bool:
    now = (row.learning_rate, row.loss, row.mean_mass, row.mean_square_mass)
    return [f"{value:.9g}" for value in now] == [f"{value:.9g}" for value in then]


def _same_networks(training: Training, epoch: int, checkpoints: Mapping[str, str]) -> list[bool]:
    """Whether each twin's network is the one that was kept of an epoch; none for an epoch that was not kept."""
    found = []
    for twin in training.twins:
        digest = checkpoints.get(checkpoint_path(Path(), twin.objective.name, epoch).name)
        if digest is not None:
            found.append(digest == digest_of_bytes(checkpoint_bytes(twin.network)))
    return found
