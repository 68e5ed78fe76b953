"""The twin loop: every objective trains its own network on one stream of batches and views."""

import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pipeline.data.images import Images
from pipeline.encoders import Network, ProjectionHead, build_encoder, feature_dimension
from pipeline.objectives import loss, same_class_mass
from pipeline.params import Objective, ViewRecipe
from pipeline.progress import say, track
from pipeline.randomness import torch_seed
from pipeline.runs import Run
from pipeline.training.checkpoints import drop_progress, load_progress, save_checkpoint, save_progress
from pipeline.training.lars import LARS, parameter_groups
from pipeline.training.schedule import learning_rate, scaled_learning_rate
from pipeline.training.stream import Step, Stream, stream_key

SECONDS_BETWEEN_SAVES = 60.0  # of the state to resume from; it is also kept at every checkpoint


class DivergenceError(RuntimeError):
    """A loss is no longer finite."""


@dataclass(frozen=True)
class EpochLoss:
    """Mean loss of one twin over one epoch."""

    epoch: int
    objective: str
    loss: float
    learning_rate: float  # at the epoch's last step


@dataclass(frozen=True)
class StepMass:
    """CL's same-class softmax mass q over the 2B anchors of one step, before its update; the theory's certificate."""

    epoch: int
    step: int  # of the epoch, from 1
    learning_rate: float
    mean_mass: float
    mean_square_mass: float


@dataclass(frozen=True)
class Twins:
    """What training leaves beside the checkpoints."""

    losses: tuple[EpochLoss, ...]
    masses: tuple[StepMass, ...]  # empty where CL does not take part
    digests: dict[str, str]  # of the batches and views each objective was shown


@dataclass
class Twin:
    """One objective's network and optimiser."""

    objective: Objective
    network: Network
    optimiser: LARS
    step_losses: list[Tensor] = field(default_factory=list)  # of this epoch, on the device: no synchronisation a step
    step_masses: list[Tensor] = field(default_factory=list)  # [2] each, CL alone


def initial_network(run: Run, objective: str, channels: int, size: tuple[int, int], classes: int) -> Network:
    """The network a twin starts from: encoder and projection head from one key for all twins that share it."""
    key = stream_key(run, "initialisation", objective)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(torch_seed(run.seed, "initialisation", key))
        encoder = build_encoder(run, channels, size)
        features = feature_dimension(encoder, channels, size)
        head = ProjectionHead(features, run.projection)
    classifier = None
    if objective == "ce":
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(torch_seed(run.seed, "classifier"))
            classifier = nn.Linear(features if run.ce_head == "features" else run.projection, classes)
    return Network(encoder, head, classifier, run.ce_head)


def train_twins(
    run: Run,
    objectives: Sequence[Objective],
    checkpoints: Sequence[int],
    images: Images,
    recipe: ViewRecipe,
    folder: Path,
    fingerprint: str,
    seconds_between_saves: float = SECONDS_BETWEEN_SAVES,
    compiled: bool = False,
) -> Twins:
    """Train all objectives of a run and keep the networks of the chosen epochs in `folder`.

    An unfinished run of the same fingerprint goes on where it stopped and gives, on the CPU, the same bits as one
    that never stopped. `compiled` fuses the networks' operations, which changes last bits. Raises DivergenceError with
    objective, epoch, step and learning rate.
    """
    stream = Stream(run, images, recipe, objectives)
    twins = [make_twin(run, name, images, recipe.size or images.size) for name in objectives]
    if compiled:
        for twin in twins:
            twin.network.compile()  # in place: names in checkpoints stay as they are
    peak = scaled_learning_rate(run.learning_rate, run.batch_size, run.learning_rate_rule)
    losses: list[EpochLoss] = []
    masses: list[StepMass] = []
    finished = 0
    state = load_progress(folder, fingerprint)
    if state is not None:
        finished = _restore(state, twins, stream, losses, masses)
        say(f"{run.name}: going on after epoch {finished}")
    elif 0 in checkpoints:
        _save_checkpoints(folder, twins, 0)

    saved = time.monotonic()
    rates: list[float] = []  # of this epoch's steps
    steps = (
        (epoch, step, batches)
        for epoch in range(finished + 1, run.epochs + 1)
        for step, batches in enumerate(stream.epoch(epoch), start=1)
    )
    total = run.epochs * stream.steps
    for epoch, step, batches in track(steps, total, f"twins {run.name}", done=finished * stream.steps):
        before = (epoch - 1) * stream.steps + step - 1
        rate = learning_rate(before, stream.steps, peak, run.warmup_epochs, run.horizon)
        for twin in twins:
            train_step(twin, batches[twin.objective], rate, run)
        rates.append(rate)
        if step < stream.steps:
            continue
        losses += [_epoch_loss(twin, epoch, rates) for twin in twins]
        masses += [mass for twin in twins for mass in _epoch_masses(twin, epoch, rates)]
        rates.clear()
        if epoch in checkpoints:
            _save_checkpoints(folder, twins, epoch)
        if epoch < run.epochs and (epoch in checkpoints or time.monotonic() - saved > seconds_between_saves):
            save_progress(folder, _state(fingerprint, epoch, twins, stream, losses, masses))
            saved = time.monotonic()
    drop_progress(folder)
    return Twins(tuple(losses), tuple(masses), {name: stream.digest(name) for name in objectives})


def train_step(twin: Twin, batch: Step, rate: float, run: Run) -> None:
    """One forward of each view on its own (batch norm statistics are per view), one backward, one update."""
    with torch.autocast(batch.labels.device.type, torch.bfloat16, enabled=run.precision == "bfloat16"):
        z1, z2 = twin.network(batch.view1), twin.network(batch.view2)
    value = loss(twin.objective, z1, z2, batch.labels, run.temperature, run.denominator, run.view_pairs)
    if twin.objective == "cl":
        with torch.no_grad():  # a hundredth of a step
            mass = same_class_mass(z1, z2, batch.labels, run.temperature)
            twin.step_masses.append(torch.stack([mass.mean(), mass.square().mean()]))
    twin.optimiser.zero_grad(set_to_none=True)
    value.backward()
    if run.clip is not None:
        nn.utils.clip_grad_norm_(twin.network.parameters(), run.clip, foreach=True)
    for group in twin.optimiser.param_groups:
        group["lr"] = rate
    twin.optimiser.step()
    twin.step_losses.append(value.detach())


def make_twin(run: Run, objective: Objective, images: Images, size: tuple[int, int]) -> Twin:
    """A twin at its initialisation, on the images' device."""
    network = initial_network(run, objective, images.channels, size, images.classes)
    network.to(device=images.device)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in its stub
    groups = parameter_groups(network, run.lars_exclude)
    optimiser = LARS(groups, lr=0.0, momentum=run.momentum, weight_decay=run.weight_decay, trust=run.trust)
    return Twin(objective, network, optimiser)


def _epoch_loss(twin: Twin, epoch: int, rates: Sequence[float]) -> EpochLoss:
    """Mean over the epoch's steps; the only place where the host waits for the device."""
    values = torch.stack(twin.step_losses).double().cpu()
    twin.step_losses.clear()
    finite = values.isfinite()
    if not finite.all():
        step = int(finite.logical_not().nonzero()[0])
        raise DivergenceError(
            f"the loss of {twin.objective} became {values[step].item()} in epoch {epoch}, step {step + 1} of "
            f"{len(rates)}, at learning rate {rates[step]:.4g}: lower learning_rate, lengthen warmup_epochs or set clip"
        )
    return EpochLoss(epoch, twin.objective, values.mean().item(), rates[-1])


def _epoch_masses(twin: Twin, epoch: int, rates: Sequence[float]) -> list[StepMass]:
    values = torch.stack(twin.step_masses).double().cpu().tolist() if twin.step_masses else []
    twin.step_masses.clear()
    return [StepMass(epoch, step, rates[step - 1], *row) for step, row in enumerate(values, start=1)]


def _save_checkpoints(folder: Path, twins: Sequence[Twin], epoch: int) -> None:
    for twin in twins:
        save_checkpoint(folder, twin.objective, epoch, twin.network)


def _state(
    fingerprint: str,
    epoch: int,
    twins: Sequence[Twin],
    stream: Stream,
    losses: Sequence[EpochLoss],
    masses: Sequence[StepMass],
) -> dict[str, Any]:
    return {
        "fingerprint": fingerprint,
        "epoch": epoch,
        "networks": {twin.objective: twin.network.state_dict() for twin in twins},
        "optimisers": {twin.objective: twin.optimiser.state_dict() for twin in twins},
        "digests": stream.digests,
        "losses": [astuple(row) for row in losses],
        "masses": [astuple(row) for row in masses],
    }


def _restore(
    state: dict[str, Any], twins: Sequence[Twin], stream: Stream, losses: list[EpochLoss], masses: list[StepMass]
) -> int:
    """Put everything back; returns the last finished epoch."""
    for twin in twins:
        twin.network.load_state_dict(state["networks"][twin.objective])
        twin.optimiser.load_state_dict(state["optimisers"][twin.objective])
    stream.digests = state["digests"]
    losses += [EpochLoss(*row) for row in state["losses"]]
    masses += [StepMass(*row) for row in state["masses"]]
    return int(state["epoch"])
