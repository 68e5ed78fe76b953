"""The twin loop: every objective trains its own network on one stream of batches and views."""

import itertools
import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from pipeline.config.base import SettingsError
from pipeline.config.objective_settings import Objective
from pipeline.config.run import Run
from pipeline.config.view_settings import ViewRecipe
from pipeline.datasets.images import Images
from pipeline.models.batch_norm import share_batch_norm
from pipeline.models.network import Network, ProjectionHead, build_encoder, feature_dimension
from pipeline.system.device import cards
from pipeline.system.files import sha256
from pipeline.train.checkpoints import save_checkpoint
from pipeline.train.divergence import DivergenceError
from pipeline.train.grouped_labels import count_groups
from pipeline.train.loss_call import Loss, loss_function, loss_module, reads_of
from pipeline.train.optimiser import optimiser_of
from pipeline.train.ranks import ALONE, Ranks
from pipeline.train.rehearsal import rehearse
from pipeline.train.schedule import rate_of
from pipeline.train.state import State, load_state, save_state, sound_state
from pipeline.train.stopping import asked_to_stop
from pipeline.train.stream import Step, Stream, stream_key
from twin_alignment.losses.contrastive import same_class_mass
from twin_alignment.progress import say, track
from twin_alignment.randomness import torch_seed

SECONDS_BETWEEN_SAVES = 60.0  # of the state to go on from; it is also kept at every checkpoint but the last
SHARE_OF_SAVES = 0.05  # of the time, at most: gigabytes take longer than a minute's training is worth


@dataclass(frozen=True)
class StepRow:
    """One twin's loss at one step, before its update; for CL also the same-class softmax mass q over the 2B anchors,
    from which the theory's certificate is made, and for twins with groups the same-group mass at their own weights."""

    epoch: int
    step: int  # of the epoch, from 1
    objective: str
    learning_rate: float
    loss: float
    mean_mass: float  # nan for other objectives
    mean_square_mass: float


@dataclass(frozen=True)
class Twins:
    """What training leaves beside the checkpoints."""

    steps: tuple[StepRow, ...]
    digests: dict[str, str]  # of the batches and views each objective was shown


@dataclass
class Twin:
    """One objective's network and optimiser."""

    objective: Objective
    loss: Loss
    network: Network
    optimiser: Optimizer
    device: torch.device
    step_losses: list[Tensor] = field(default_factory=list)  # of this epoch, on the device: no synchronisation a step
    step_masses: list[Tensor] = field(default_factory=list)  # [2] each, of CL and of twins with groups

    def note(self, loss: float, mean_mass: float, mean_square_mass: float) -> None:
        """Of a step made before the process began; float32 as it was, which these numbers hold to the bit."""
        self.step_losses.append(torch.tensor(loss, device=self.device))
        if not math.isnan(mean_mass):
            self.step_masses.append(torch.tensor([mean_mass, mean_square_mass], device=self.device))


def initial_network(run: Run, objective: Objective, channels: int, size: tuple[int, int], classes: int) -> Network:
    """The network a twin starts from: encoder and projection head from one key for all twins that share it, with one
    weight moved where the objective says so."""
    key = stream_key(run, "initialisation", objective)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(torch_seed(run.seed, "initialisation", key))
        encoder = build_encoder(run, channels, size)
        features = feature_dimension(encoder, channels, size)
        reads = reads_of(objective)
        head = nn.Identity() if reads == "features" else ProjectionHead(features, run.projection)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(torch_seed(run.seed, "loss"))
        loss = loss_module(objective, run, features if reads == "features" else run.projection)
    classifier = None
    if objective.head == "classes":
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(torch_seed(run.seed, "classifier"))
            classifier = nn.Linear(features if run.ce_head == "features" else run.projection, classes)
    if objective.init_perturbation:
        with torch.no_grad():
            next(encoder.parameters()).flatten()[0] += objective.init_perturbation
    return Network(encoder, head, classifier, run.ce_head, reads, loss)


class Training:
    """A run in the making: twins, stream, and the rows of all steps so far."""

    def __init__(
        self,
        run: Run,
        objectives: Sequence[Objective],
        images: Images,
        recipe: ViewRecipe,
        ranks: Ranks = ALONE,
    ) -> None:
        self.run, self.ranks = run, ranks
        self.stream = Stream(run, images, recipe, objectives, ranks)
        size, places = recipe.size or images.size, cards(images.device)
        for objective in objectives:
            rehearse(run, objective, images.channels, size, images.classes)
        self.twins = [
            make_twin(run, objective, images, size, ranks, place)
            for objective, place in zip(objectives, itertools.cycle(places), strict=False)
        ]
        self.rows: list[StepRow] = []
        self.digests = dict(self.stream.digests)  # after the last finished epoch
        self.finished = 0  # epochs
        self.step = 0  # of the epoch after these

    def rate(self, epoch: int, step: int) -> float:
        """Of a step; both count from 1."""
        return rate_of(self.run, epoch, step, self.stream.steps)

    def steps(self, workers: int = 1) -> Iterator[tuple[int, int]]:
        """Train on from here; yields (epoch, step) after every step, the last of an epoch with its rows noted.

        With several workers the twins of a step train side by side while the next batch is made, each on one core:
        who computes what does not change a bit.
        """
        with (
            ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,))
            if workers > 1
            else (nullcontext()) as pool
        ):
            for epoch, step, batches, digests in _ahead(pool, self._batches()):
                rate = self.rate(epoch, step)
                work = _caller(self.run, batches, rate, self.ranks)
                for _ in pool.map(work, self.twins) if pool else map(work, self.twins):
                    pass
                self.step = step
                if step == self.stream.steps:
                    self.rows += self.unfinished()
                    for twin in self.twins:
                        twin.step_losses.clear()
                        twin.step_masses.clear()
                    self.digests, self.finished, self.step = digests, epoch, 0
                yield epoch, step

    def _batches(self) -> Iterator[tuple[int, int, dict[str, Step], dict[tuple[str, str], str]]]:
        done = self.step
        for epoch in range(self.finished + 1, self.run.epochs + 1):
            for step, batches in enumerate(self.stream.epoch(epoch, done), start=done + 1):
                yield epoch, step, batches, dict(self.stream.digests)
            done = 0

    def unfinished(self) -> list[StepRow]:
        """Rows of the steps after the last finished epoch; the only place where the host waits for the device. Raises
        DivergenceError where a loss is not finite."""
        epoch = self.finished + 1
        rates = [self.rate(epoch, step) for step in range(1, self.step + 1)]
        columns = [_values(twin, epoch, self.stream.steps, rates) for twin in self.twins] if rates else []
        return [
            StepRow(epoch, step, twin.objective.name, rate, *values[step - 1])
            for step, rate in enumerate(rates, start=1)
            for twin, values in zip(self.twins, columns, strict=True)
        ]

    def state(self) -> State:
        return {
            "epoch": self.finished,
            "step": self.step,
            "networks": {twin.objective.name: twin.network.state_dict() for twin in self.twins},
            "optimisers": {twin.objective.name: twin.optimiser.state_dict() for twin in self.twins},
            "digests": self.digests,
            "rows": [astuple(row) for row in (*self.rows, *self.unfinished())],
        }

    def restore(self, state: State) -> None:
        """Put everything back as it was after the state's epoch and step."""
        rows = [StepRow(*row) for row in state["rows"]]
        self.stream.digests = state["digests"]
        self.digests = dict(state["digests"])
        self.finished, self.step = int(state["epoch"]), int(state["step"])
        self.rows = [row for row in rows if row.epoch <= self.finished]
        for twin in self.twins:
            name = twin.objective.name
            twin.network.load_state_dict(state["networks"][name])
            twin.optimiser.load_state_dict(state["optimisers"][name])
            for row in rows[len(self.rows) :]:
                if row.objective == name:
                    twin.note(row.loss, row.mean_mass, row.mean_square_mass)

    def say(self, what: str, more: str = "") -> None:
        """And where; once, of whatever number of ranks."""
        if self.ranks.first:
            say(f"{self.run.name}: {what} {_after(self.finished, self.step)}{more}")

    @property
    def finite(self) -> bool:
        """Whether all weights are numbers; the next loss of a network whose weights are not, is none either."""
        return all(bool(p.isfinite().all()) for twin in self.twins for p in twin.network.parameters())


def train_twins(
    run: Run,
    objectives: Sequence[Objective],
    checkpoints: Sequence[int],
    images: Images,
    recipe: ViewRecipe,
    folder: Path,
    state: Path,
    origin: str = "",
    workers: int = 1,
    seconds_between_saves: float = SECONDS_BETWEEN_SAVES,
    compiled: bool = False,
    ranks: Ranks = ALONE,
) -> Twins:
    """Train all objectives of a run and keep the networks of the chosen epochs in `folder`.

    From `state`, where it is there, training goes on and gives, on the CPU, the same bits as one that never stopped.
    `origin` stands for all that decides them: a state of another one, a damaged state, and one whose kept networks are
    not as they were, is set aside for the state before it, or for the start. The last state stays, so that the run's
    end can be trained again. `compiled` fuses the networks' operations, which changes last bits. Of several `ranks` all
    call this and the first alone reads and writes files; sums are then in another order. Raises DivergenceError with
    objective, epoch, step and learning rate, SettingsError where a kept network was altered meanwhile.
    """
    training = Training(run, objectives, images, recipe, ranks)
    if compiled:
        for twin in training.twins:
            twin.network.compile()  # in place: names in checkpoints stay as they are
    kept: dict[str, str] = {}  # file of a network: its digest
    earlier = ranks.shared(sound_state(state, origin, folder) if ranks.first else None)
    if earlier is not None:
        training.restore(earlier)
        kept = earlier["kept"]
        training.say("going on")
    elif 0 in checkpoints and ranks.first:
        kept = _save_checkpoints(folder, training.twins, 0)
    steps = training.stream.steps
    done = training.finished * steps + training.step
    due = time.monotonic() + seconds_between_saves
    try:
        with asked_to_stop() as stop:
            trained = training.steps(workers)
            if ranks.first:
                trained = track(trained, run.epochs * steps, f"twins {run.name}", done)
            for epoch, step in trained:
                keep = step == steps and epoch in checkpoints
                if keep and ranks.first:
                    kept |= _save_checkpoints(folder, training.twins, epoch)
                if training.finished == run.epochs:
                    continue
                signal = ranks.largest(stop())
                started = time.monotonic()
                if ranks.first and (keep or started > due or signal) and training.finite:
                    save_state(state, {**training.state(), "origin": origin, "kept": kept})
                    took = time.monotonic() - started
                    due = time.monotonic() + max(seconds_between_saves, took / SHARE_OF_SAVES)
                if signal:
                    training.say("stopped", "; trained again, it goes on")
                    raise SystemExit(128 + signal)
    except DivergenceError as error:
        raise DivergenceError(f"{error}{_kept_before(state)}") from None
    altered = [folder / name for name, known in kept.items() if sha256(folder / name) != known]
    if ranks.first and altered:
        raise SettingsError(f"{altered[0]} was altered while the run trained: train it again")
    names = [objective.name for objective in objectives]
    return Twins(tuple(training.rows), {name: training.stream.digest(name) for name in names})


def _kept_before(state: Path) -> str:
    """Of a run that diverged."""
    if not state.is_file():
        return ""
    last = load_state(state)
    return f"; the state {_after(last['epoch'], last['step'])} is kept in {state}"


def _after(epoch: int, step: int) -> str:
    return f"after epoch {epoch}" + (f", step {step} of the next" if step else "")


Item = TypeVar("Item")


def _ahead(pool: Executor | None, items: Iterator[Item]) -> Iterator[Item]:
    """The items, each made while the one before is used."""
    if pool is None:
        yield from items
        return
    coming = pool.submit(next, items, None)
    while (item := coming.result()) is not None:
        coming = pool.submit(next, items, None)
        yield item


def _caller(run: Run, batches: dict[str, Step], rate: float, ranks: Ranks) -> Callable[[Twin], None]:
    return lambda twin: train_step(twin, batches[twin.objective.name].to(twin.device), rate, run, ranks)


def train_step(twin: Twin, batch: Step, rate: float, run: Run, ranks: Ranks = ALONE) -> None:
    """One forward of each view on its own (batch norm statistics are per view), one backward, one update."""
    with torch.autocast(batch.labels.device.type, torch.bfloat16, enabled=run.precision == "bfloat16"):
        z1, z2 = (ranks.gathered(twin.network(view)) for view in (batch.view1, batch.view2))
    anchors = ranks.rows(len(batch.labels))
    options = {name: getattr(run, name) for name in twin.objective.options}
    labels = batch.labels_for(twin.objective)
    value = twin.loss(z1, z2, labels, run.temperature, anchors, **options)
    if twin.objective.name == "cl" or _has_group_mass(twin.objective):
        with torch.no_grad():  # a hundredth of a step
            # Bounds on the distance of CL and NSCL read CL's rows alone, whose mass is by the classes and at CL's
            # weights. What a twin with groups records, by its groups and at its own weights, is the share of its
            # negatives' softmax that it leaves out; for a bound on its distance to CL that at CL's weights is needed.
            mass = same_class_mass(z1, z2, labels, run.temperature, anchors)
            twin.step_masses.append(torch.stack([mass.mean(), mass.square().mean()]))
    twin.optimiser.zero_grad(set_to_none=True)
    value.backward()
    twin.step_losses.append(value.detach())
    gradients = [p.grad for p in twin.network.parameters() if p.grad is not None]
    ranks.average([*gradients, twin.step_losses[-1], *twin.step_masses[-1:]])
    if run.max_grad_norm is not None:
        nn.utils.clip_grad_norm_(twin.network.parameters(), run.max_grad_norm, foreach=True)
    for group in twin.optimiser.param_groups:
        group["lr"] = rate
    twin.optimiser.step()


def _has_group_mass(objective: Objective) -> bool:
    """Whether it reads groups, and unit rows, of which alone the mass is defined."""
    return objective.groups is not None and objective.head == "projection" and reads_of(objective) == "z"


def make_twin(
    run: Run,
    objective: Objective,
    images: Images,
    size: tuple[int, int],
    ranks: Ranks = ALONE,
    device: torch.device | None = None,
) -> Twin:
    """A twin at its initialisation, on a device (none: the images')."""
    device = device or images.device
    outputs = images.classes if objective.groups is None else count_groups(objective.groups, run.seed, images)
    network = initial_network(run, objective, images.channels, size, outputs)
    network.to(device=device)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in its stub
    if ranks.count > 1:
        share_batch_norm(network, ranks.gathered)
    return Twin(objective, loss_function(objective, network.loss), network, optimiser_of(run, network), device)


def _values(twin: Twin, epoch: int, steps: int, rates: Sequence[float]) -> list[tuple[float, float, float]]:
    """(loss, mean mass, mean square mass) of every step so far; raises DivergenceError where a loss is not finite."""
    losses = torch.stack(twin.step_losses).double().cpu()
    masses = (
        torch.stack(twin.step_masses).double().cpu().tolist()
        if twin.step_masses
        else [(math.nan, math.nan)] * len(rates)
    )
    finite = losses.isfinite()
    if not finite.all():
        step = int(finite.logical_not().nonzero()[0])
        hint = (
            "nothing was trained yet: see to the objective and the images"
            if (epoch, step) == (1, 0)
            else "lower learning_rate, lengthen warmup_epochs or set max_grad_norm"
        )
        raise DivergenceError(
            f"the loss of {twin.objective.name} became {losses[step].item()} in epoch {epoch}, step {step + 1} of "
            f"{steps}, at learning rate {rates[step]:.4g}: {hint}"
        )
    return [(value, *mass) for value, mass in zip(losses.tolist(), masses, strict=True)]


def _save_checkpoints(folder: Path, twins: Sequence[Twin], epoch: int) -> dict[str, str]:
    """Digests by file name."""
    kept: dict[str, str] = {}
    for twin in twins:
        kept |= save_checkpoint(folder, twin.objective.name, epoch, twin.network)
    return kept
