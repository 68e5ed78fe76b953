"""Seconds of an epoch: twins as the project trains them, the plain way, and the machine's floor."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile

from benchmarks import plain
from benchmarks.rates import SHAPES, Rates, idle_rates, references
from benchmarks.training import CL, MEAN, STD, operations
from pipeline.config.objectives import resolve
from pipeline.config.run import Run
from pipeline.config.view_settings import ViewRecipe
from pipeline.datasets.images import Images
from pipeline.datasets.store import Split
from pipeline.train.twin import make_twin
from pipeline.train.twin_trainer import TwinTrainer

KINDS = {  # of a GPU's kernels, by parts of their names; the first that fits
    "convolutions and products": ("gemm", "conv", "xmma", "cutlass", "fprop", "dgrad", "wgrad", "nvjet", "cudnn"),
    "batch norm": ("batch_norm", "bn_", "norm"),
    "fused by the compiler": ("triton",),
    "copies and casts": ("copy", "memcpy", "memset", "cat"),
    "elementwise and sums": ("elementwise", "reduce", "multi_tensor"),
}


@dataclass(frozen=True)
class Floor:
    """Work that one twin's step cannot avoid, and the seconds that it takes in an epoch at the measured rates."""

    operations: float  # of convolutions and products, forward and backward
    bytes: float  # each convolution's output: written and read forward, read backward; its gradient: written and read
    matrix_seconds: float
    convolution_seconds: float
    byte_seconds: float


@dataclass(frozen=True)
class Epoch:
    """One measurement. `seconds` are those of an epoch of `steps_per_epoch` steps, of which `steps` were timed."""

    encoder: str
    twins: tuple[str, ...]
    compiled: bool
    workers: int
    steps: int
    seconds: float
    first_seconds: float  # of the same number of steps before, with compiling and choosing convolutions
    peak_gib: float | None  # of the device's memory

    def row(self) -> dict[str, Any]:
        return asdict(self)


def rates(device: torch.device, batch: int, small: bool) -> Rates:
    """Rates in bfloat16, the best of several shapes."""
    size, copied, shapes = (256, 2**20, SHAPES[2:3]) if small else (8192, 2**30, SHAPES)
    return idle_rates(device, references(device, batch, torch.bfloat16, size, copied, shapes))


def floor(run: Run, images: Images, recipe: ViewRecipe, rates: Rates, steps_per_epoch: int) -> Floor:
    """Floor of one twin, CL."""
    training = TwinTrainer(run, [CL], images, recipe)
    (twin,) = training.twins
    outputs = 0

    def count(module: nn.Module, inputs: Any, output: torch.Tensor) -> None:
        nonlocal outputs
        outputs += output.numel() * output.element_size()

    handles = [m.register_forward_hook(count) for m in twin.network.modules() if isinstance(m, nn.Conv2d)]
    needed = operations(twin, next(training.stream.epoch(1))["cl"], run)
    for handle in handles:
        handle.remove()
    moved = 5.0 * outputs
    return Floor(
        needed,
        moved,
        steps_per_epoch * needed / rates.matrix,
        steps_per_epoch * needed / rates.convolution,
        steps_per_epoch * moved / rates.copy,
    )


def epoch_seconds(
    run: Run,
    names: Sequence[str],
    images: Images,
    recipe: ViewRecipe,
    steps_per_epoch: int,
    compiled: bool = False,
    workers: int = 1,
) -> Epoch:
    """Time the second of two epochs on these images, scaled to a full epoch of `steps_per_epoch` steps.

    It includes all work of an epoch: drawing orders and parameters, making views, training twins and fetching losses.
    """
    training = TwinTrainer(run.model_copy(update={"epochs": 2}), list(map(resolve, names)), images, recipe)
    if compiled:
        for twin in training.twins:
            twin.network.compile()
    _forget_peak(images.device)
    marks = [time.perf_counter()]
    for _, step in training.steps(workers):
        if step == training.stream.steps:
            _wait(images.device)
            marks.append(time.perf_counter())
    first, second = marks[1] - marks[0], marks[2] - marks[1]
    steps = training.stream.steps
    peak = torch.cuda.max_memory_allocated() / 2**30 if images.device.type == "cuda" else None
    scaled = second * steps_per_epoch / steps
    return Epoch(run.encoder, tuple(names), compiled, workers, steps, scaled, first, peak)


def plain_seconds(run: Run, images: Images, recipe: ViewRecipe, workers: int) -> float:
    """Time an epoch of CL by an ordinary loop.

    Single images are transformed in the loader's processes, and networks have torch's default layout. The time includes
    the start of the processes, but not choosing convolutions.
    """
    dataset = plain.TwoViews(images.host, images.labels.cpu().numpy(), recipe, list(MEAN), list(STD))
    network = make_twin(run, CL, images, recipe.size or images.size).network
    network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]  # missing in its stub
    half = run.precision == "bfloat16"
    with torch.autocast(images.device.type, torch.bfloat16, enabled=half):
        network(torch.randn(run.batch_size, images.channels, *images.size, device=images.device)).sum().backward()
    _wait(images.device)
    start = time.perf_counter()
    plain.train({"cl": network}, dataset, run.batch_size, run.temperature, workers, images.device, half)
    _wait(images.device)
    return time.perf_counter() - start


def kernels(run: Run, images: Images, recipe: ViewRecipe, compiled: bool) -> dict[str, Any]:
    """Milliseconds of each kind of kernel in a step of one twin on a GPU, and the ten longest kernels."""
    training = TwinTrainer(run.model_copy(update={"epochs": 2}), [CL], images, recipe)
    if compiled:
        training.twins[0].network.compile()
    steps = 0
    for epoch, step in training.steps():
        if (epoch, step) == (1, training.stream.steps):
            _wait(images.device)
            break
    training.finished = 1
    start = time.perf_counter()
    with profile(activities=[ProfilerActivity.CUDA]) as record:
        for _ in training.steps():
            steps += 1
            if steps == 4:
                break
        _wait(images.device)
    took = time.perf_counter() - start
    times = [(event.key, event.self_device_time_total / 1e3 / steps) for event in record.key_averages()]
    kinds: dict[str, float] = {}
    for name, milliseconds in times:
        kind = next((k for k, parts in KINDS.items() if any(part in name.lower() for part in parts)), "other")
        kinds[kind] = kinds.get(kind, 0.0) + milliseconds
    longest = sorted(times, key=lambda item: -item[1])[:10]
    return {
        "encoder": run.encoder,
        "compiled": compiled,
        "wall milliseconds a step, profiled": 1e3 * took / steps,
        "milliseconds a step": kinds,
        "longest": [{"kernel": name[:120], "milliseconds a step": value} for name, value in longest],
    }


def part(images: Images, steps: int, batch: int) -> Images:
    """Return the first images, enough for `steps` steps."""
    count = min(steps * batch, len(images))
    split = Split(images.host[:count], np.asarray(images.labels.cpu().numpy()[:count]))
    return Images(split, tuple(range(images.classes)), MEAN, STD, images.device)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def _forget_peak(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
