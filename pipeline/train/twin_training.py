"""Train a run to its end: checkpoints, resumable state, signals and divergence."""

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.config.base import SettingsError
from pipeline.config.objective_settings import Objective
from pipeline.config.run import Run
from pipeline.config.view_settings import Views
from pipeline.datasets.images import Images
from pipeline.system.files import sha256
from pipeline.train.checkpoints import checkpoint_path, save_checkpoint, step_checkpoint_path
from pipeline.train.distributed import SINGLE_PROCESS, Distributed
from pipeline.train.divergence import DivergenceError
from pipeline.train.state import load_latest_valid_state, load_state, save_state
from pipeline.train.stopping import graceful_shutdown
from pipeline.train.twin import StepRow, Twin
from pipeline.train.twin_trainer import TwinTrainer
from twin_alignment.progress import say, track

SECONDS_BETWEEN_SAVES = 60.0  # of the resumable state; it is also saved at every checkpoint except the last
Moment = tuple[Callable[[Path, str, int], Path], int]  # path of an epoch's or a step's checkpoint, and its number
MAX_SHARE_OF_SAVES = 0.05  # of the time: saving gigabytes takes longer than a minute of training is worth


@dataclass(frozen=True)
class TrainingResult:
    """Results of training, in addition to the checkpoints.

    Attributes:
        steps: rows of all steps.
        digests: by objective, SHA-256 of the batches and views that it was shown.
    """

    steps: tuple[StepRow, ...]
    digests: dict[str, str]


def train_twins(
    run: Run,
    objectives: Sequence[Objective],
    checkpoints: Sequence[int],
    images: Images,
    views: Views,
    folder: Path,
    state: Path,
    origin: str = "",
    workers: int = 1,
    seconds_between_saves: float = SECONDS_BETWEEN_SAVES,
    compiled: bool = False,
    group: Distributed = SINGLE_PROCESS,
    checkpoint_steps: Sequence[int] = (),
) -> TrainingResult:
    """Train all objectives of a run.

    If there is a valid state, training resumes from it and gives, on the CPU, the same bits as without the stop. The
    last state stays, so that the end of the run can be trained again.

    Args:
        run: the settings.
        objectives: of the twins.
        checkpoints: epochs whose networks are saved.
        images: training images.
        views: settings of the views.
        folder: of the checkpoints.
        state: file of the resumable state.
        origin: key of everything that decides the numbers; a state with another key is not used.
        workers: twins that train side by side.
        seconds_between_saves: of the state.
        compiled: fuse the networks' operations, which changes last bits.
        group: processes that share each batch. All of them call this, and rank 0 alone reads and writes files; sums
            are then in another order.
        checkpoint_steps: single steps, counted from the start, after which networks are saved too.

    Raises:
        DivergenceError: a loss is not finite; names objective, epoch, step and learning rate.
        SettingsError: a checkpoint was altered while the run trained, or one is of a step beyond the last.
        SystemExit: a signal arrived, and the state was saved.
    """
    trainer = TwinTrainer(run, objectives, images, views, group)
    steps_per_epoch = trainer.stream.steps
    _check_steps(checkpoint_steps, run.epochs * steps_per_epoch)
    if compiled:
        for twin in trainer.twins:
            twin.network.compile()  # in place: names in checkpoints do not change
    saved: dict[str, str] = {}  # {checkpoint file: SHA-256}
    previous = group.broadcast_object(load_latest_valid_state(state, origin, folder) if group.is_rank0 else None)
    if previous is not None:
        trainer.restore(previous)
        saved = previous["kept"]
        _log(trainer, "resuming")
    elif 0 in checkpoints and group.is_rank0:
        saved = _save_checkpoints(folder, trainer.twins, [(checkpoint_path, 0)])
    done = trainer.finished * steps_per_epoch + trainer.step
    due = time.monotonic() + seconds_between_saves
    try:
        with graceful_shutdown() as received_signal:
            steps = trainer.steps(workers)
            if group.is_rank0:
                steps = track(steps, run.epochs * steps_per_epoch, f"twins {run.name}", done)
            for epoch, step in steps:
                number = (epoch - 1) * steps_per_epoch + step
                moments: list[Moment] = [(step_checkpoint_path, number)] if number in checkpoint_steps else []
                moments += [(checkpoint_path, epoch)] if step == steps_per_epoch and epoch in checkpoints else []
                if moments and group.is_rank0:
                    saved |= _save_checkpoints(folder, trainer.twins, moments)
                if trainer.finished == run.epochs:
                    continue
                signal = group.all_reduce_max(received_signal())
                started = time.monotonic()
                if group.is_rank0 and (moments or started > due or signal) and trainer.is_finite:
                    save_state(state, {**trainer.state(), "origin": origin, "kept": saved})
                    seconds = time.monotonic() - started
                    due = time.monotonic() + max(seconds_between_saves, seconds / MAX_SHARE_OF_SAVES)
                if signal:
                    _log(trainer, "stopped", "; re-run to resume")
                    raise SystemExit(128 + signal)
    except DivergenceError as error:
        raise DivergenceError(f"{error}{_hint_of_last_state(state)}") from None
    if group.is_rank0:
        _check_saved(folder, saved)
    return TrainingResult(tuple(trainer.rows), {twin.name: trainer.stream.digest(twin.name) for twin in objectives})


def _check_steps(steps: Sequence[int], last: int) -> None:
    """Raise SettingsError for a checkpoint beyond the last step."""
    if max(steps, default=0) > last:
        raise SettingsError(f"checkpoint_steps: expected at most {last}, the steps of this run, got {max(steps)}")


def _save_checkpoints(folder: Path, twins: Sequence[Twin], moments: Sequence[Moment]) -> dict[str, str]:
    """Save all networks as those of an epoch, of a step or of both, and return {file name: SHA-256}."""
    digests: dict[str, str] = {}
    for twin, (path_of, number) in itertools.product(twins, moments):
        digests |= save_checkpoint(path_of(folder, twin.objective.name, number), twin.network)
    return digests


def _check_saved(folder: Path, saved: dict[str, str]) -> None:
    """Raise SettingsError if a checkpoint is not as it was written."""
    altered = [folder / name for name, digest in saved.items() if sha256(folder / name) != digest]
    if altered:
        raise SettingsError(f"{altered[0]} was altered while the run trained: train it again")


def _hint_of_last_state(state: Path) -> str:
    """End of the message of a run that diverged."""
    if not state.is_file():
        return ""
    last = load_state(state)
    return f"; the state {_position(last['epoch'], last['step'])} is kept in {state}"


def _log(trainer: TwinTrainer, event: str, hint: str = "") -> None:
    """Log an event and its position, once for all ranks."""
    if trainer.group.is_rank0:
        say(f"{trainer.run.name}: {event} {_position(trainer.finished, trainer.step)}{hint}")


def _position(epoch: int, step: int) -> str:
    """Position in training, as text."""
    return f"after epoch {epoch}" + (f", step {step} of the next" if step else "")
