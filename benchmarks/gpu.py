"""Speed of twins on a GPU, and CIFAR-100: python -m benchmarks.gpu speed|cifar100, see benchmarks/gpu.sh

`speed` writes speed.json after every measurement. A second call measures only what the file lacks. `cifar100` trains
for the number of epochs that fit the given seconds at the measured speed, and measures. A second call resumes it.
"""

import argparse
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from benchmarks import epochs
from benchmarks.cifar100 import TWINS, train_and_measure
from benchmarks.training import images_of
from pipeline.config.run import Run
from pipeline.config.view_settings import ViewRecipe
from pipeline.system.device import choose_device
from pipeline.system.files import read_json, write_json

PAPER_TWINS = ("cl", "nscl", "scl", "ce")
TARGETS = {"resnet50": 4.5, "resnet18": 1.2}  # seconds an epoch and twin, on an H100 or better
SIDE, COUNT, CLASSES = 32, 50_000, 100
MEASURING = 110.0  # seconds for all work but training: images, features, probes, alignment

Measurement = tuple[str, Callable[[], Any]]


def sizes(small: bool) -> tuple[dict[str, Run], int, int]:
    """Runs by encoder, the side of the images and their number: those of CIFAR, or of a second's work on a CPU."""
    if small:
        tiny = {"width": 4, "projection": 8, "batch_size": 16}
        return {"resnet10": Run(dataset="cifar100", encoder="resnet10", **tiny)}, 8, 96
    return {name: Run(dataset="cifar100", encoder=name, precision="bfloat16") for name in TARGETS}, SIDE, COUNT


def measurements(device: torch.device, small: bool, compiled: bool) -> Iterator[Measurement]:
    """Yield measurements with their names, the most important first.

    A full epoch has 48 steps of 1,024 images. Fewer steps are timed where an epoch takes long.
    """
    runs, side, count = sizes(small)
    recipe = ViewRecipe()
    full = images_of(count, side, CLASSES if not small else 4, device)
    steps = {name: count // run.batch_size for name, run in runs.items()}
    timed_steps = 3 if small else 12
    batch = next(iter(runs.values())).batch_size
    short, longer = epochs.part(full, timed_steps, batch), epochs.part(full, 2 * timed_steps, batch)
    rates = epochs.rates(device, batch, small)
    yield "rates", lambda: asdict(rates)

    def epoch(name: str, twins: tuple[str, ...], compiled: bool = False, workers: int = 1) -> Measurement:
        images = longer if len(twins) == 1 and "18" in name else short
        label = f"{name}, {len(twins)} twins{', compiled' if compiled else ''}{', workers' if workers > 1 else ''}"
        arguments = (runs[name], twins, images, recipe, steps[name], compiled, workers)
        return label, lambda: epochs.epoch_seconds(*arguments).row()

    def floor(name: str) -> Measurement:
        return f"{name}, floor", lambda: asdict(epochs.floor(runs[name], short, recipe, rates, steps[name]))

    def plain(name: str) -> Measurement:
        workers = 0 if small else 16
        return f"{name}, plain", lambda: epochs.plain_seconds(runs[name], full, recipe, workers)

    def kernels(name: str, compiled: bool = False) -> Measurement:
        label = f"{name}, kernels{', compiled' if compiled else ''}"
        return label, lambda: epochs.kernels(runs[name], short, recipe, compiled)

    small_net, large_net = next(reversed(runs)), next(iter(runs))
    for name in dict.fromkeys((small_net, large_net)):
        yield floor(name)
        yield epoch(name, ("cl",))
        yield epoch(name, PAPER_TWINS)
        yield plain(name)
    yield epoch(small_net, TWINS)
    yield epoch(small_net, PAPER_TWINS, workers=4)
    if device.type == "cuda":
        yield kernels(small_net)
        yield kernels(large_net)
    if compiled:
        yield epoch(small_net, ("cl",), compiled=True)
        yield epoch(small_net, TWINS, compiled=True)
        yield epoch(small_net, PAPER_TWINS, compiled=True)
        if large_net != small_net:
            yield epoch(large_net, ("cl",), compiled=True)
            yield epoch(large_net, PAPER_TWINS, compiled=True)
        if device.type == "cuda":
            yield kernels(small_net, compiled=True)


def speed(path: Path, device: torch.device, small: bool, compiled: bool, limit: float) -> None:
    """Measure what the file lacks. No measurement starts after `limit` seconds."""
    started = time.monotonic()
    result = read_json(path) if path.is_file() else {"machine": machine(device), "targets": TARGETS, "measured": {}}
    write_json(path, result)
    for name, measure in measurements(device, small, compiled):
        if name in result["measured"]:
            continue
        if time.monotonic() - started > limit:
            print(f"{name}: not measured, {limit:.0f} seconds are over")
            continue
        start = time.monotonic()
        try:
            value = measure()
        except Exception as error:  # mostly out of memory: other measurements may still succeed
            value = {"error": f"{type(error).__name__}: {str(error)[:300]}"}
        result["measured"][name] = value
        write_json(path, result)
        summary = value["seconds"] if isinstance(value, dict) and "seconds" in value else value
        print(f"[{time.monotonic() - start:5.1f} s] {name}: {summary}", flush=True)


def machine(device: torch.device) -> dict[str, Any]:
    if device.type != "cuda":
        return {"device": platform.machine(), "torch": torch.__version__}
    facts = torch.cuda.get_device_properties(device)
    return {
        "device": facts.name,
        "memory GiB": round(facts.total_memory / 2**30, 1),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
    }


def six_twins(path: Path) -> tuple[float, list[str]]:
    """Return the seconds an epoch of all twins, and the flags of the faster way, from the speed file."""
    measured = read_json(path)["measured"] if path.is_file() else {}
    rows = [row for row in measured.values() if isinstance(row, dict) and row.get("twins") == list(TWINS)]
    if not rows:
        raise SystemExit(f"{path}: expected an epoch of {len(TWINS)} twins; run `speed` first, or give --epochs")
    best = min(rows, key=lambda row: row["seconds"])
    return best["seconds"], ["--compile"] if best["compiled"] else []


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("piece", choices=("speed", "cifar100"))
    parser.add_argument("--device", default="auto", help="auto (default), cpu or cuda")
    parser.add_argument("--small", action="store_true", help="tiny sizes, to check that it runs")
    parser.add_argument("--work", type=Path, required=True, help="folder of stores, checkpoints and speed.json")
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")
    parser.add_argument("--seconds", type=float, default=500, help="time limit of this piece")
    parser.add_argument("--no-compile", action="store_true", help="speed: only eager networks")
    parser.add_argument("--data", type=Path, nargs="+", default=[], help="cifar100: archives train/<class>/*, test/...")
    parser.add_argument("--epochs", type=int, help="cifar100: number of epochs (default: those that fit --seconds)")
    return parser.parse_args()


def run() -> None:
    options = arguments()
    for folder in (options.work, options.out):
        folder.mkdir(parents=True, exist_ok=True)
    path = options.work / "speed.json"
    if options.piece == "speed":
        device = choose_device(options.device, threads=1)
        speed(path, device, options.small, not options.no_compile, options.seconds)
        (options.out / path.name).write_bytes(path.read_bytes())
        return
    flags: list[str] = []
    number = options.epochs
    if number is None:
        seconds, flags = six_twins(path)
        number = max(1, int((options.seconds - MEASURING) / seconds))
        print(f"{number} epochs, at {seconds:.2f} seconds each {' '.join(flags)}", flush=True)
    tiny = {"encoder": "resnet10", "width": 4, "projection": 8, "batch_size": 16, "precision": "float32"}
    training = tiny if options.small else {}
    train_and_measure(options.data, options.work, options.out, number, options.device, training, flags)


if __name__ == "__main__":
    run()
