"""One objective's network: its initialisation, and one training step."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from pipeline.config.objective_settings import Objective
from pipeline.config.run import Run
from pipeline.datasets.images import Images
from pipeline.models.batch_norm import synchronise_batch_norm
from pipeline.models.memory_layout import channels_last_kernels
from pipeline.models.network import Network, ProjectionHead, build_encoder, feature_dimension
from pipeline.train.distributed import SINGLE_PROCESS, Distributed
from pipeline.train.divergence import DivergenceError
from pipeline.train.grouped_labels import count_groups
from pipeline.train.loss_call import Loss, loss_function, loss_module, options_of, reads_of
from pipeline.train.optimiser import build_optimiser
from pipeline.train.stream import Step, stream_key
from twin_alignment.losses.contrastive import same_class_mass
from twin_alignment.randomness import torch_seed


@dataclass(frozen=True)
class StepRow:
    """One twin's loss at one step, before its update.

    Attributes:
        epoch: from 1.
        step: of the epoch, from 1.
        objective: name.
        learning_rate: of the step.
        loss: mean over anchors.
        mean_mass: mean same-class softmax mass q over the 2B anchors, for the theory's certificate; mean same-group
            mass at its own weights for twins with groups; else NaN.
        mean_square_mass: mean of q^2.
    """

    epoch: int
    step: int
    objective: str
    learning_rate: float
    loss: float
    mean_mass: float
    mean_square_mass: float


@dataclass
class Twin:
    """One objective's network and optimiser.

    Attributes:
        step_losses: of the current epoch, on the device, so that no step waits for it.
        step_masses: tensors [2] of the current epoch: mean mass and mean square mass; of CL and twins
            with groups.
    """

    objective: Objective
    loss: Loss
    network: Network
    optimiser: Optimizer
    device: torch.device
    step_losses: list[Tensor] = field(default_factory=list)
    step_masses: list[Tensor] = field(default_factory=list)

    def add_row(self, row: StepRow) -> None:
        """Append a step that an earlier process trained; the row has the float32 numbers to the bit."""
        self.step_losses.append(torch.tensor(row.loss, device=self.device))
        if not math.isnan(row.mean_mass):
            self.step_masses.append(torch.tensor([row.mean_mass, row.mean_square_mass], device=self.device))

    def rows(self, epoch: int, steps: int, rates: Sequence[float]) -> list[StepRow]:
        """Rows of the current epoch's steps, whose learning rates are given; waits for the device.

        Raises:
            DivergenceError: a loss is not finite; names objective, epoch, step (of `steps`) and learning rate.
        """
        if not self.step_losses:
            return []
        losses = torch.stack(self.step_losses).double().cpu()
        finite = losses.isfinite()
        if not finite.all():
            step = int(finite.logical_not().nonzero()[0])
            hint = (
                "nothing was trained yet: check the objective and the data"
                if (epoch, step) == (1, 0)
                else "lower learning_rate, lengthen warmup_epochs or set max_grad_norm"
            )
            raise DivergenceError(
                f"the loss of {self.objective.name} became {losses[step].item()} in epoch {epoch}, step {step + 1} of "
                f"{steps}, at learning rate {rates[step]:.4g}: {hint}"
            )
        masses = [(math.nan, math.nan)] * len(rates)
        if self.step_masses:
            masses = torch.stack(self.step_masses).double().cpu().tolist()
        return [
            StepRow(epoch, step, self.objective.name, rate, loss, *mass)
            for step, (rate, loss, mass) in enumerate(zip(rates, losses.tolist(), masses, strict=True), start=1)
        ]


def initial_network(run: Run, objective: Objective, channels: int, size: tuple[int, ...], classes: int) -> Network:
    """Build the network that a twin starts from.

    Twins that share the initialisation have one key for encoder and projection head; one weight is moved if the
    objective says so (`init_perturbation`).

    Args:
        run: the settings.
        objective: of the twin.
        channels: of the images, or the first axis of a row.
        size: (height, width) of the views, or the other axes of a row.
        classes: number of classes, for a classifier.
    """
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


def make_twin(
    run: Run,
    objective: Objective,
    images: Images,
    size: tuple[int, ...],
    group: Distributed = SINGLE_PROCESS,
    device: torch.device | None = None,
) -> Twin:
    """Build a twin at its initialisation.

    Args:
        run: the settings.
        objective: of the twin.
        images: training images.
        size: (height, width) of the views, or what follows the first axis of a row.
        group: processes that share each batch.
        device: where the network is; None: where the images are.
    """
    device = device or images.device
    outputs = images.classes if objective.groups is None else count_groups(objective.groups, run.seed, images)
    network = initial_network(run, objective, images.channels, size, outputs)
    network.to(device=device)
    channels_last_kernels(network)
    if group.world_size > 1:
        synchronise_batch_norm(network)
    return Twin(objective, loss_function(objective, network.loss), network, build_optimiser(run, network), device)


def train_step(twin: Twin, batch: Step, rate: float, run: Run, group: Distributed = SINGLE_PROCESS) -> None:
    """Make one update: one forward pass of each view (batch-norm statistics are per view) and one backward pass.

    Args:
        twin: changed in place; its loss is appended to `step_losses`.
        batch: on the twin's device.
        rate: learning rate.
        run: the settings.
        group: processes that share each batch.

    Raises:
        SettingsError: another process of the group exited.
    """
    with group.connected():
        _train_step(twin, batch, rate, run, group)


def _train_step(twin: Twin, batch: Step, rate: float, run: Run, group: Distributed) -> None:
    """Train as `train_step`, with the errors of gloo and NCCL."""
    with torch.autocast(batch.labels.device.type, torch.bfloat16, enabled=run.precision == "bfloat16"):
        z1, z2 = (group.all_gather(twin.network(view)) for view in (batch.view1, batch.view2))
    anchors = group.local_rows(len(batch.labels))
    options = options_of(twin.objective, run)
    labels = batch.labels_for(twin.objective)
    value = twin.loss(z1, z2, labels, run.temperature, anchors, **options)
    if twin.objective.name == "cl" or _has_group_mass(twin.objective):
        with torch.no_grad():  # a hundredth of a step's time
            # Bounds on the distance of CL and NSCL read CL's rows, whose mass is by the classes and at CL's weights. A
            # twin with groups records the mass by its groups and at its own weights: the share of its negatives'
            # softmax that it leaves out. A bound on its distance to CL needs that mass at CL's weights.
            mass = same_class_mass(z1, z2, labels, run.temperature, anchors)
            twin.step_masses.append(torch.stack([mass.mean(), mass.square().mean()]))
    twin.optimiser.zero_grad(set_to_none=True)
    value.backward()
    twin.step_losses.append(value.detach())
    gradients = [p.grad for p in twin.network.parameters() if p.grad is not None]
    group.all_reduce_mean([*gradients, twin.step_losses[-1], *twin.step_masses[-1:]])
    if run.max_grad_norm is not None:
        nn.utils.clip_grad_norm_(twin.network.parameters(), run.max_grad_norm, foreach=True)
    for param_group in twin.optimiser.param_groups:
        param_group["lr"] = rate
    twin.optimiser.step()


def _has_group_mass(objective: Objective) -> bool:
    """True for an objective that reads groups and unit rows, for which the mass is defined."""
    return objective.groups is not None and objective.head == "projection" and reads_of(objective) == "z"
