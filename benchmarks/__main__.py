"""Full suite of benchmarks: python -m benchmarks [--quick] [--device auto|cpu|cuda] [--out benchmarks]

Writes RESULTS.md, results.json and scale.png into the folder. Each row is compared with the plain way
(benchmarks/plain.py) and with a floor: operations over the rate of products or convolutions, whichever is better, and
bytes over the copy rate, measured in the same turns.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from benchmarks import memory, scale, training
from benchmarks.alignment import STREAM_COLUMNS, STREAMED, compare_with_plain, format_rows, time_streams
from benchmarks.measure import run_in_subprocess
from benchmarks.rates import idle_rates, references
from benchmarks.training import Row
from pipeline.config.run import Run
from pipeline.config.view_settings import ViewRecipe
from pipeline.datasets.catalog import KNOWN
from pipeline.system.device import choose_device
from pipeline.system.large_pages import VARIABLE, let_jobs_use_large_pages
from twin_alignment.progress import say


def measure_all(device: torch.device, quick: bool) -> dict[str, Any]:
    """Measure all numbers, in a quarter of an hour on two cores, or in seconds if quick. Prints its progress."""
    repeats = 1 if quick else 5
    small: dict[str, Any] = {"size": 512, "copied": 2**22, "shapes": ((64, 8),)} if quick else {}
    full, half = (references(device, dtype=dtype, **small) for dtype in (torch.float32, torch.bfloat16))
    rates = {"float32": asdict(idle_rates(device, full)), "bfloat16": asdict(idle_rates(device, half))}
    rows: list[Row] = []
    for batch in (32, 64) if quick else (256, 1024):
        say(f"benchmarks: losses, B = {batch}")
        rows += training.losses(batch, 128, 1 if batch == 1024 else repeats, full, device, with_plain=True)
    shares: dict[str, Mapping[str, float]] = {}
    runs = _steps(device, quick)
    for run, side, recipe in runs:
        name = training.name_of(run, side)
        say(f"benchmarks: steps, {name}")
        images = training.images_of(max(2 * run.batch_size, 256), side, 10, device)
        reference = full if run.precision == "float32" else half
        step_rows, share = training.twin_steps(run, images, recipe, repeats, reference, with_plain=device.type == "cpu")
        rows += step_rows
        shares[name] = share
    run, side, recipe = runs[0]
    say("benchmarks: embedding, probes")
    images = training.images_of(512 if quick else 4096, side, 10, device)
    rows += training.embedding(run, images, recipe, repeats, full)
    rows += training.probes(500 if quick else 10_000, 128, 10 if quick else 100, 1 if quick else 3, full, device)
    run, side, recipe = next(setting for setting in runs if setting[0].precision == "bfloat16")
    rounding = training.rounding(run, training.images_of(2 * run.batch_size, side, 10, device), recipe)
    n, d = (1000, 256) if quick else (10_000, 2048)
    say("benchmarks: alignment, streams")
    alignment, deviation = compare_with_plain(n, d, repeats)
    stream = time_streams((2_000, 4_000) if quick else STREAMED, STREAM_COLUMNS)
    say("benchmarks: peak memory")
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": _machine(device),
        "rates": rates,
        "rows": [row.values() for row in rows],
        "shares": shares,
        "bfloat16 beside float32": rounding,
        "alignment": alignment,
        "alignment deviation from plain": deviation,
        "stream": stream,
        "peak": [{"what": name, "peak MiB": run_in_subprocess(memory.step, name)[1]} for name in memory.STEPS],
    }


def _steps(device: torch.device, quick: bool) -> list[tuple[Run, int, ViewRecipe]]:
    """Runs whose steps are timed: the embedded default's network, and what fits the machine at CIFAR's resolution."""
    colour = ViewRecipe()
    small = Run(dataset="cifar100", encoder="resnet10", width=16, batch_size=32 if quick else 256)
    half = small.model_copy(update={"precision": "bfloat16"})
    if quick:
        return [(small, 16, colour), (half, 16, colour)]
    if device.type == "cpu":
        full = Run(dataset="cifar100", encoder="resnet18", batch_size=64)
        return [(small, 8, KNOWN["cifar100"].views), (small, 32, colour), (half, 32, colour), (full, 32, colour)]
    return [
        (Run(dataset="cifar100", encoder=encoder, precision="bfloat16"), 32, colour)
        for encoder in ("resnet18", "resnet50")
    ]


def _machine(device: torch.device) -> str:
    accelerator = f", {torch.cuda.get_device_name()}" if device.type == "cuda" else ""
    return f"{torch.get_num_threads()} threads, {platform.machine()}{accelerator}, torch {torch.__version__}"


def format_report(result: Mapping[str, Any], sweeps: list[dict[str, Any]]) -> str:
    rates, deviation = result["rates"], result["alignment deviation from plain"]
    shares = [{"step": name, **share} for name, share in result["shares"].items()]
    return (
        "\n\n".join(
            [
                "# Benchmarks",
                f"{result['date']}, {result['machine']}. Made by `python -m benchmarks`. Times are seconds, medians of "
                "runs in turns. Plain: `benchmarks/plain.py` in float32, and scikit-learn for the probe. Floor: "
                "operations of convolutions and products over the better of both rates, for views bytes over the copy "
                "rate, all measured in the same turns. `floor / ours` is 1 at the limit of the machine.",
                "## Rates of the machine, a second",
                format_rows([{"precision": name, **values} for name, values in rates.items()]),
                "## Training and probes",
                format_rows(result["rows"]),
                "## Shares of a step",
                format_rows(shares),
                "## bfloat16 compared with float32, one batch at the initialisation",
                format_rows([result["bfloat16 beside float32"]]),
                "## Alignment of two files of features",
                format_rows(result["alignment"]),
                f"Largest deviation from the plain values: CKA {deviation['cka']:.1e}, RSA {deviation['rsa']:.1e}; "
                "the plain way works in float32.",
                "## One pass over a stream of two sets of features",
                format_rows(result["stream"]),
                "## Peak memory of a process",
                format_rows(result["peak"]),
                "## How cost grows",
                format_rows(sweeps),
                "![one panel a sweep](scale.png)",
            ]
        )
        + "\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes and one repeat, to check that it runs")
    parser.add_argument("--device", default="auto", help="auto (default), cpu or cuda")
    parser.add_argument("--out", type=Path, help="folder for RESULTS.md, results.json and scale.png")
    options = parser.parse_args()
    device = choose_device(options.device, None)
    result = measure_all(device, options.quick)
    measured = scale.sweeps(device, 1 if options.quick else 3, options.quick)
    sweeps = [
        {
            "what": sweep.what,
            "against": sweep.size,
            "sizes": ", ".join(map(str, sweep.values)),
            "milliseconds": ", ".join(f"{1e3 * s:.3g}" for s in sweep.seconds),
            "exponent": sweep.exponent,
        }
        for sweep in measured
    ]
    text = format_report(result, sweeps)
    print(text)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "RESULTS.md").write_text(text)
        (options.out / "results.json").write_text(json.dumps({**result, "scale": sweeps}, indent=2) + "\n")
        scale.draw(measured).savefig(options.out / "scale.png", dpi=130)
        print(f"written to {options.out}", file=sys.stderr)


if __name__ == "__main__":
    if VARIABLE not in os.environ:  # as in the jobs of the workflow; malloc reads it when a process starts
        let_jobs_use_large_pages()
        os.execv(sys.executable, [sys.executable, "-m", "benchmarks", *sys.argv[1:]])
    main()
