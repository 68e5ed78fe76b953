"""Forcing of CL's representation by the gradients of other objectives, along CL's training."""

import copy
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from pipeline.config.objective_settings import Objective
from pipeline.config.run import Run
from pipeline.config.theory_settings import ForcingSettings
from pipeline.datasets.images import Images
from pipeline.evaluate.embed import as_read
from pipeline.models.network import Network
from pipeline.train.loss_call import loss_function, options_of, reads_of
from pipeline.train.stream import Step, Stream, stream_key
from twin_alignment.losses.contrastive import same_class_mass
from twin_alignment.randomness import keyed_generator
from twin_alignment.theory.coherent_forcing import centred, kernel_velocity, mean_norm_squared, turned_share

HALVES = 2  # of the batches: two independent estimates of one displacement
STEP = 1e-3  # of the central difference, relative to the encoder's weights
CHUNK = 256  # images in a forward pass

Weights = dict[str, Tensor]


@dataclass(frozen=True)
class ForcingRow:
    """Forcing of CL by another objective until a step of CL's training.

    Attributes:
        step: of CL's checkpoint, from the start of training.
        path_length: until then.
        objective: the other one.
        largest_share: share of the training images that its largest group, or class, has.
        mass: mean share q of CL's softmax over negatives that other images of an anchor's group have.
        square_mass: mean of q^2.
        cl: unbiased estimate of |E g|^2, g the gradient of CL's loss on a batch.
        difference: unbiased estimate of |E d|^2, d the other objective's gradient minus g.
        noise: E |d - E d|^2.
        forcing: |E|^2 / |K|^2 of the kernel's displacement so far, without its part along the kernel.
    """

    step: int
    path_length: float
    objective: str
    largest_share: float
    mass: float
    square_mass: float
    cl: float
    difference: float
    noise: float
    forcing: float


@dataclass(frozen=True)
class Difference:
    """Gradients of one objective minus CL's, over batches.

    Attributes:
        halves: sums over the batches of each half, by parameter.
        norms_squared: of every batch, summed, by parameter.
        masses: q of all anchors.
    """

    halves: tuple[Weights, ...]
    norms_squared: dict[str, float]
    masses: Tensor

    @property
    def squares(self) -> float:
        """Sum over batches of the squared norm of all parameters together."""
        return sum(self.norms_squared.values())


def forced_objectives(run: Run, objectives: Sequence[Objective]) -> list[Objective]:
    """Select objectives with another loss than CL's on the same unit rows, batches and views."""
    return [
        objective
        for objective in objectives
        if objective.labels != "none"
        and objective.head == "projection"
        and reads_of(objective) == "z"
        and not any(stream_key(run, part, objective) for part in ("batches", "augmentations"))
    ]


def batches_after_training(stream: Stream, epochs: int, count: int) -> list[dict[str, Step]]:
    """Draw batches that no twin was trained on: those of the epochs after the last."""
    epoch_batches = (stream.epoch(epoch) for epoch in itertools.count(epochs + 1))
    return list(itertools.islice(itertools.chain.from_iterable(epoch_batches), count))


class Forcing:
    """Integral of the forcing along CL's checkpoints.

    Args:
        run: the settings.
        cl: CL's objective.
        objectives: of `forced_objectives`.
        network: CL's; its weights and buffers are replaced.
        stream: of all objectives.
        images: on which representations are compared.
        size: (height, width) that the encoder reads; None: as stored.
        settings: numbers of batches and images.
    """

    def __init__(
        self,
        run: Run,
        cl: Objective,
        objectives: Sequence[Objective],
        network: Network,
        stream: Stream,
        images: Images,
        size: tuple[int, int] | None,
        settings: ForcingSettings,
    ) -> None:
        self.run, self.cl, self.objectives, self.network = run, cl, objectives, network
        self.batches = batches_after_training(stream, run.epochs, settings.batches)
        self.shares = {objective.name: largest_share(stream, objective) for objective in objectives}
        self.images = list(_sample(images, settings.images, size, run.seed))
        self.displacements: dict[str, list[Tensor]] = {}
        self.velocities: dict[str, list[Tensor]] = {}
        self.path_length = 0.0

    def advance(self, step: int, path_length: float, weights: Mapping[str, Tensor]) -> list[ForcingRow]:
        """Move on to CL's network after a step, and return a row for each objective."""
        self.network.load_state_dict({name: weights[name] for name in self.network.state_dict()})
        gradient, differences = self._gradients()
        count = len(self.batches)
        unit = unit_rows(self.network.encoder, self.images)
        kernel, rows = centred(unit @ unit.T), []
        cl = mean_norm_squared(_square(_total(gradient.halves)), gradient.squares, count)
        scales = self._scales(gradient, count)
        for objective in self.objectives:
            push = differences[objective.name]
            total = _square(_total(push.halves))
            mean = mean_norm_squared(total, push.squares, count)
            velocities = [
                self._velocity(unit, {name: scales[name] * w * HALVES / count for name, w in half.items()})
                for half in push.halves
            ]
            self._integrate(objective.name, velocities, path_length - self.path_length)
            rows.append(
                ForcingRow(
                    step,
                    path_length,
                    objective.name,
                    self.shares[objective.name],
                    mass=float(push.masses.mean()),
                    square_mass=float(push.masses.square().mean()),
                    cl=cl,
                    difference=mean,
                    noise=push.squares / count - mean,
                    forcing=turned_share(kernel, *self.displacements[objective.name]),
                )
            )
        self.path_length = path_length
        return rows

    def _gradients(self) -> tuple[Difference, dict[str, Difference]]:
        """Sum CL's gradients, and the differences of every objective's from them, over all batches."""
        buffers = copy.deepcopy(dict(self.network.named_buffers()))
        self.network.train()
        trained = {name: p for name, p in self.network.named_parameters() if p.requires_grad}
        sums: dict[str, list[Weights]] = {o.name: [{}, {}] for o in (self.cl, *self.objectives)}
        norms: dict[str, dict[str, float]] = {name: {} for name in sums}
        masses: dict[str, list[Tensor]] = {name: [] for name in sums}
        for number, batch in enumerate(self.batches):
            step = batch[self.cl.name].to(next(iter(trained.values())).device)
            with torch.autocast(step.labels.device.type, torch.bfloat16, enabled=self.run.precision == "bfloat16"):
                z = [self.network(view) for view in (step.view1, step.view2)]
            of_cl = self._loss_gradients(self.cl, z, step)
            for objective in (self.cl, *self.objectives):
                outputs = of_cl
                if objective is not self.cl:
                    outputs = [a - b for a, b in zip(self._loss_gradients(objective, z, step), of_cl, strict=True)]
                    labels = step.labels_for(objective)
                    masses[objective.name].append(
                        same_class_mass(z[0].detach(), z[1].detach(), labels, self.run.temperature)
                    )
                gradients = torch.autograd.grad(
                    z, list(trained.values()), outputs, retain_graph=True, allow_unused=True
                )
                vector = {name: g for name, g in zip(trained, gradients, strict=True) if g is not None}
                for name, part in vector.items():
                    norms[objective.name][name] = norms[objective.name].get(name, 0.0) + float(part.square().sum())
                _add(sums[objective.name][number % HALVES], vector)
        for name, buffer in self.network.named_buffers():
            buffer.copy_(buffers[name])  # training mode changed the running statistics
        differences = {
            name: Difference(tuple(halves), norms[name], torch.cat(masses[name]) if masses[name] else torch.zeros(0))
            for name, halves in sums.items()
        }
        return differences.pop(self.cl.name), differences

    def _loss_gradients(self, objective: Objective, z: Sequence[Tensor], step: Step) -> list[Tensor]:
        """Gradients of an objective's loss in the unit rows of both views."""
        rows = [view.detach().float().requires_grad_() for view in z]
        options = options_of(objective, self.run)
        loss = loss_function(objective)(*rows, step.labels_for(objective), self.run.temperature, **options)
        return [g.to(view.dtype) for g, view in zip(torch.autograd.grad(loss, rows), z, strict=True)]

    def _scales(self, gradient: Difference, count: int) -> dict[str, float]:
        """Factor of every parameter's update: LARS' trust ratio without its coefficient, which is in the path length.

        It has the root mean square over batches of the norm of CL's gradient.
        """
        if self.run.optimiser != "lars":
            return dict.fromkeys(gradient.halves[0], 1.0)
        weights, scales = dict(self.network.named_parameters()), {}
        for name, squares in gradient.norms_squared.items():
            adapts = (self.run.lars_exclude == "none" or weights[name].ndim > 1) and squares > 0
            norm = float(weights[name].detach().norm())
            scales[name] = norm / math.sqrt(squares / count) if adapts else 1 / self.run.trust_coefficient
        return scales

    def _velocity(self, rows: Tensor, direction: Weights) -> Tensor:
        """Velocity [N, N] of the centred kernel of unit rows as the encoder moves along a direction, by differences."""
        encoder = self.network.encoder
        parameters = {f"encoder.{name}": p for name, p in encoder.named_parameters()}
        moving = {name: direction[name] for name in parameters if name in direction}
        length = _square(moving) ** 0.5
        if length == 0:
            return torch.zeros(len(rows), len(rows))
        size = STEP * float(torch.stack([p.detach().norm() for p in parameters.values()]).norm()) / length
        start = {name: parameters[name].detach().clone() for name in moving}
        sides = []
        with torch.no_grad():
            for sign in (1.0, -1.0):
                for name, vector in moving.items():
                    parameters[name].copy_(start[name] - sign * size * vector)  # updates go against the gradient
                sides.append(unit_rows(encoder, self.images))
            for name, value in start.items():
                parameters[name].copy_(value)
        return kernel_velocity(rows, (sides[0] - sides[1]) / (2 * size))

    def _integrate(self, name: str, velocities: list[Tensor], length: float) -> None:
        """Add the trapezoid of the last and these velocities over a length of the path."""
        before = self.velocities.get(name, velocities)
        done = self.displacements.get(name, [torch.zeros_like(v) for v in velocities])
        self.displacements[name] = [d + length * (a + b) / 2 for d, a, b in zip(done, before, velocities, strict=True)]
        self.velocities[name] = velocities


def largest_share(stream: Stream, objective: Objective) -> float:
    """Share of the training images in an objective's largest group or class."""
    labels = stream.groups.get(objective.name, stream.images.labels)
    return float(torch.bincount(labels).max()) / len(labels)


def unit_rows(encoder: nn.Module, images: Sequence[Tensor]) -> Tensor:
    """Features of images in evaluation mode, scaled to unit length [N, d], on the CPU."""
    encoder.eval()
    with torch.no_grad():
        return nn.functional.normalize(torch.cat([encoder(batch).float().cpu() for batch in images]), dim=1)


def _sample(images: Images, count: int, size: tuple[int, int] | None, seed: int) -> Iterator[Tensor]:
    """Yield images drawn without replacement, in chunks, as the encoder reads them."""
    drawn = np.sort(keyed_generator(seed, "forcing").permutation(len(images))[:count])
    for start in range(0, len(drawn), CHUNK):
        yield as_read(images.prefetch_batch(drawn[start : start + CHUNK])()[0], images, size)


def _total(halves: Sequence[Weights]) -> Weights:
    return {name: sum((half[name] for half in halves[1:]), halves[0][name]) for name in halves[0]}


def _square(vector: Weights) -> float:
    return float(sum(part.double().square().sum() for part in vector.values()))


def _add(total: Weights, vector: Weights) -> None:
    for name, part in vector.items():
        total[name] = total[name] + part if name in total else part.clone()
