"""Growth of cost with twins, batch, images, pixels and classes: one size at a time, a power law through the medians."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.figure import Figure

from benchmarks.measure import seconds
from benchmarks.training import RATE, TWINS, images_of
from pipeline.config.objective_settings import Objective
from pipeline.config.objectives import resolve
from pipeline.config.probe_settings import ProbeSettings
from pipeline.config.run import Run
from pipeline.config.view_settings import ViewRecipe
from pipeline.evaluate.probing import linear_probe
from pipeline.train.loss_call import loss_function
from pipeline.train.stream import Stream
from pipeline.train.twin import make_twin, train_step
from twin_alignment.measures.feature_set import FeatureSet, Pair


@dataclass(frozen=True)
class Sweep:
    """Median seconds at each size, and the exponent of a least-squares power law through them."""

    what: str
    size: str
    values: tuple[int, ...]
    seconds: tuple[float, ...]

    @property
    def exponent(self) -> float:
        return float(np.polyfit(np.log(self.values), np.log(self.seconds), 1)[0])


def sweeps(device: torch.device, repeats: int, quick: bool) -> list[Sweep]:
    """Measure all sweeps; `quick`: only the smallest sizes of most of them."""

    def sweep(what: str, size: str, values: Sequence[int], build: Callable[[int], Callable[[], object]]) -> Sweep:
        took = seconds({str(value): build(value) for value in values}, repeats, device.type)
        return Sweep(what, size, tuple(values), tuple(took[str(value)] for value in values))

    run = Run(dataset="cifar100", encoder="resnet10", width=16, batch_size=64)

    def step(run: Run, side: int, objectives: Sequence[Objective]) -> Callable[[], object]:
        images = images_of(run.batch_size, side, 10, device)
        recipe = ViewRecipe()
        stream = Stream(run, images, recipe, objectives)
        twins = [make_twin(run, objective, images, images.size) for objective in objectives]

        def once() -> None:
            batches = next(stream.epoch(1))
            for twin in twins:
                train_step(twin, batches[twin.objective.name], RATE, run)
                twin.step_losses.clear()
                twin.step_masses.clear()

        return once

    def only_loss(batch: int) -> Callable[[], object]:
        z = [torch.nn.functional.normalize(torch.randn(batch, 128, device=device), dim=1) for _ in range(2)]
        z1, z2 = (rows.requires_grad_() for rows in z)
        labels = torch.arange(batch, device=device) % 100
        loss = loss_function(resolve("nscl"))
        return lambda: loss(z1, z2, labels, 0.5).backward()

    def aligned(rows: int) -> Callable[[], object]:
        a, b = (torch.randn(rows, 256, device=device) for _ in range(2))
        return lambda: Pair(FeatureSet(a, "a"), FeatureSet(b, "b")).similarity

    def probe(classes: int) -> Callable[[], object]:
        labels = torch.arange(2000, device=device) % classes
        rows = torch.randn(classes, 64, device=device)[labels] + torch.randn(2000, 64, device=device)
        settings = ProbeSettings(max_iterations=20)
        return lambda: linear_probe(rows, labels, rows, labels, settings)

    half = slice(0, 3) if quick else slice(None)
    return [
        sweep("step", "twins", (1, 2, 3, 4), lambda n: step(run, 32, TWINS[:n])),
        sweep(
            "step of two twins",
            "batch size B",
            (32, 64, 128, 256)[half],
            lambda b: step(_batch(run, b), 32, TWINS[:2]),
        ),
        sweep("step of two twins", "height = width", (16, 32, 64)[half], lambda side: step(run, side, TWINS[:2])),
        sweep("NSCL loss, forward and backward", "batch size B", (256, 512, 1024, 2048)[half], only_loss),
        sweep("CKA + RSA, d = 256", "rows N", (4000, 16_000, 64_000)[half], aligned),
        sweep("linear probe, 20 iterations", "classes C", (10, 40, 160)[half], probe),
    ]


def _batch(run: Run, batch: int) -> Run:
    return run.model_copy(update={"batch_size": batch})


def draw(measured: Sequence[Sweep]) -> Figure:
    """Draw one panel for each sweep."""
    figure = Figure(figsize=(12, 6.4), layout="constrained")
    for axes, sweep in zip(figure.subplots(2, 3).flat, measured, strict=True):
        axes.loglog(sweep.values, [1e3 * s for s in sweep.seconds], "o-", color="#0072B2")
        axes.set_xticks(sweep.values, [f"{value:,}" for value in sweep.values])
        axes.minorticks_off()
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter("{x:g}")
        axes.tick_params(axis="y", which="minor", labelsize="x-small")
        axes.set(xlabel=sweep.size, ylabel="milliseconds", title=f"{sweep.what}\nexponent {sweep.exponent:.2f}")
        axes.grid(visible=True, which="both", color="0.9")
    return figure
