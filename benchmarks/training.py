"""Losses, views, the full twin step, embedding and probes: ours, the plain way, and the floor of the machine."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import plain
from benchmarks.measure import seconds
from benchmarks.rates import References
from pipeline.config.objectives import resolve
from pipeline.config.probe_settings import ProbeSettings
from pipeline.config.run import Run
from pipeline.config.view_settings import ViewRecipe
from pipeline.datasets.images import Images
from pipeline.datasets.store import Split
from pipeline.evaluate.embed import encode
from pipeline.evaluate.probing import linear_probe
from pipeline.train.loss_call import loss_function
from pipeline.train.stream import Stream
from pipeline.train.twin import Twin, make_twin, train_step

MEAN, STD = (0.49, 0.48, 0.45), (0.25, 0.24, 0.26)
RATE = 0.1
CL = resolve("cl")
TWINS = [resolve(name) for name in ("cl", "nscl", "scl", "ce")]  # the paper's


@dataclass(frozen=True)
class Row:
    """Seconds of ours, of the plain way (None: not measured) and of the floor, at rates measured in the same turns."""

    what: str
    ours: float
    plain: float | None
    floor: float

    def values(self) -> dict[str, object]:
        return {
            "what": self.what,
            "seconds": self.ours,
            "plain": self.plain,
            "plain / ours": None if self.plain is None else self.plain / self.ours,
            "floor": self.floor,
            "floor / ours": self.floor / self.ours,
        }


def images_of(count: int, side: int, classes: int, device: torch.device) -> Images:
    """Random uint8 images: their content does not change the cost."""
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (count, 3, side, side), dtype=np.uint8)
    labels = np.arange(count, dtype=np.int64) % classes
    return Images(Split(pixels, labels), tuple(range(classes)), MEAN, STD, device)


def losses(
    batch: int, dimension: int, repeats: int, reference: References, device: torch.device, with_plain: bool
) -> list[Row]:
    """Time forward and backward of CL. Floor: two products forward and backward, and four passes over the matrix."""
    z1, z2 = (
        torch.nn.functional.normalize(torch.randn(batch, dimension, device=device), dim=1).requires_grad_()
        for _ in range(2)
    )
    labels = torch.arange(batch, device=device) % 100

    loss = loss_function(CL)

    def ours() -> None:
        loss(z1, z2, labels, 0.5).backward()

    def broadcast() -> None:
        plain.contrastive_loss(z1, z2, labels, 0.5, supervised=False).backward()

    ways: dict[str, Callable[[], object]] = {"ours": ours} | ({"plain": broadcast} if with_plain else {})
    took = seconds({**ways, **reference.ways}, repeats, device.type)
    rates = reference.rates(took)
    entries = (2 * batch) ** 2
    floor = 3 * 2 * entries * dimension / rates.operations + 4 * 4 * entries / rates.copy
    return [Row(f"CL loss, forward and backward, B = {batch}, d = {dimension}", took["ours"], took.get("plain"), floor)]


def twin_steps(
    run: Run, images: Images, recipe: ViewRecipe, repeats: int, reference: References, with_plain: bool
) -> tuple[list[Row], dict[str, float]]:
    """Time the views of a batch, one twin's step, and a full step of four twins.

    Returns their rows, and the shares of the full step.
    """
    stream = Stream(run, images, recipe, TWINS)
    twins = [make_twin(run, objective, images, recipe.size or images.size) for objective in TWINS]
    batches = next(stream.epoch(1))
    device = images.device.type

    def views() -> object:
        return next(stream.epoch(1))

    def one_twin() -> None:
        train_step(twins[0], batches["cl"], RATE, run)

    def full_step() -> None:
        batches = next(stream.epoch(1))
        for twin in twins:
            train_step(twin, batches[twin.objective.name], RATE, run)
            twin.step_losses.clear()
            twin.step_masses.clear()

    ways: dict[str, Callable[[], object]] = {"views": views, "one twin": one_twin, "full step": full_step}
    if with_plain:
        ways |= _plain(run, images, recipe)
    took = seconds({**ways, **reference.ways}, repeats, device)
    rates = reference.rates(took)
    convolutions = operations(twins[0], batches["cl"], run)
    pixels = 2 * run.batch_size * images.channels * images.size[0] * images.size[1]
    floors = {
        "views": pixels * (1 + 4) / rates.copy,  # read once as bytes, written once as float32
        "one twin": convolutions / rates.operations,
    }
    floors["full step"] = floors["views"] + len(twins) * floors["one twin"]
    name = name_of(run, images.size[0])
    rows = [
        Row(f"two views of a batch, {name}", took["views"], took.get("plain views"), floors["views"]),
        Row(f"one twin's step on given views, {name}", took["one twin"], None, floors["one twin"]),
        Row(f"whole step of four twins, {name}", took["full step"], took.get("plain full step"), floors["full step"]),
    ]
    shares = {"views, share of a four-twin step": took["views"] / took["full step"]}
    shares["four twins together / one alone with its views"] = took["full step"] / (took["one twin"] + took["views"])
    return rows, shares


def name_of(run: Run, side: int) -> str:
    precision = "" if run.precision == "float32" else f", {run.precision}"
    return f"{run.encoder}-w{run.width}, {side} px, B = {run.batch_size}{precision}"


def rounding(run: Run, images: Images, recipe: ViewRecipe) -> dict[str, object]:
    """Changes of CL's loss and gradient by the run's precision, on its first batch at the initialisation."""
    batch = next(Stream(run, images, recipe, [CL]).epoch(1))["cl"]
    losses, gradients = [], []
    for precision in ("float32", run.precision):
        twin = make_twin(run, CL, images, recipe.size or images.size)
        train_step(twin, batch, 0.0, run.model_copy(update={"precision": precision}))
        losses.append(twin.step_losses[0].item())
        parts = [p.grad.flatten() for p in twin.network.parameters() if p.grad is not None]
        gradients.append(torch.cat(parts).double())
    cosine = torch.nn.functional.cosine_similarity(*gradients, dim=0).item()
    return {
        "step": name_of(run, images.size[0]),
        "relative change of the loss": abs(losses[1] - losses[0]) / losses[0],
        "angle of the gradients, degrees": math.degrees(math.acos(min(1.0, cosine))),
        "relative change of their norm": abs((gradients[1].norm() / gradients[0].norm()).item() - 1),
    }


def _plain(run: Run, images: Images, recipe: ViewRecipe) -> dict[str, Callable[[], object]]:
    """Functions of the plain way. Loaders have no workers: on few cores the start of processes would only slow it."""
    dataset = plain.TwoViews(images.host[: run.batch_size], images.labels.cpu().numpy(), recipe, list(MEAN), list(STD))
    networks = {objective.name: make_twin(run, objective, images, images.size).network for objective in TWINS}
    for network in networks.values():
        network.to(memory_format=torch.contiguous_format)
    return {
        "plain views": lambda: next(iter(plain.loader(dataset, run.batch_size, 0))),
        "plain full step": lambda: plain.train(dict(networks), dataset, run.batch_size, run.temperature, 0),
    }


def operations(twin: Twin, batch: object, run: Run) -> float:
    """Number of operations of convolutions and products in one twin's step, forward and backward."""
    with FlopCounterMode(display=False) as counter:
        train_step(twin, batch, RATE, run)  # type: ignore[arg-type]
    return float(counter.get_total_flops())


def embedding(run: Run, images: Images, recipe: ViewRecipe, repeats: int, reference: References) -> list[Row]:
    """Time the features of all images in evaluation mode. Plain: contiguous, batch by batch, with gradients on."""
    encoder, size = make_twin(run, CL, images, images.size).network.encoder, recipe.size

    def plain_embedding() -> None:
        encoder.eval()
        for part in images.batches(256):
            encoder((part.float() / 255 - images.mean.view(-1, 1, 1)) / images.std.view(-1, 1, 1))

    ways = {"ours": lambda: encode(encoder, images, size), "plain": plain_embedding}
    took = seconds({**ways, **reference.ways}, repeats, images.device.type)
    with FlopCounterMode(display=False) as counter:
        encode(encoder, images, size)
    floor = counter.get_total_flops() / reference.rates(took).operations
    return [Row(f"features of {len(images)} images, {run.encoder}-w{run.width}", took["ours"], took["plain"], floor)]


def probes(
    rows: int, dimension: int, classes: int, repeats: int, reference: References, device: torch.device
) -> list[Row]:
    """Time the linear probe to its tolerance, and scikit-learn's on the same standardised problem."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  # a second to import

    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(rows) % classes
    centres = torch.randn(classes, dimension, generator=generator)
    features = centres[labels] + 2 * torch.randn(rows, dimension, generator=generator)
    settings = ProbeSettings()
    data = features.to(device), labels.to(device)
    result = linear_probe(*data, *data, settings)
    standard = ((features - features.mean(0)) / features.std(0, correction=0)).double().numpy()

    def scikit() -> object:
        solver = LogisticRegression(
            C=1 / (settings.l2 * rows), tol=settings.tolerance, max_iter=settings.max_iterations
        )
        return solver.fit(standard, labels.numpy())

    ways = {"ours": lambda: linear_probe(*data, *data, settings), "plain": scikit}
    took = seconds({**ways, **reference.ways}, repeats, device.type)
    rate = reference.rates(took).operations / 2  # float64
    floor = result.iterations * 2 * 2 * rows * dimension * classes / rate
    return [Row(f"linear probe, {rows} x {dimension}, {classes} classes", took["ours"], took["plain"], floor)]
