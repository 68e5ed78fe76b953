"""The whole suite: python -m benchmarks [--quick] [--device auto|cpu|cuda] [--out benchmarks]

Writes RESULTS.md, results.json and scale.png into the folder. Each row stands beside the plain way
(benchmarks/plain.py) and a floor: operations over the matrix rate, and bytes over the copy rate, both measured in the
same run.
"""

import argparse
import json
import platform
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from benchmarks import memory, scale, training
from benchmarks.alignment import beside_plain, shown, streamed
from benchmarks.measure import alone, copy_rate, matrix_rate
from benchmarks.training import Rates, Row
from pipeline.data.catalog import KNOWN
from pipeline.device import choose_device
from pipeline.settings.run import Run
from pipeline.settings.views import ViewRecipe


def measured(device: torch.device, quick: bool) -> dict[str, Any]:
    """All numbers; minutes on two cores, seconds where quick."""
    repeats = 1 if quick else 5
    rates = Rates(
        matrix_rate(device.type, size=512 if quick else 2048), copy_rate(device.type, 2**22 if quick else 2**27)
    )
    rows: list[Row] = []
    for batch in (32, 64) if quick else (256, 1024):
        rows += training.losses(batch, 128, 1 if batch == 1024 else repeats, rates, device, beside=True)
    shares: dict[str, Mapping[str, float]] = {}
    for run, side, recipe in _steps(device, quick):
        images = training.images_of(max(2 * run.batch_size, 256), side, 10, device)
        found, share = training.twin_steps(run, images, recipe, repeats, rates, beside=device.type == "cpu")
        rows += found
        shares[f"{run.encoder}-w{run.width}, {side} px, B = {run.batch_size}"] = share
    run, side, recipe = _steps(device, quick)[0]
    rows += training.embedding(
        run, training.images_of(512 if quick else 4096, side, 10, device), recipe, repeats, rates
    )
    rows += training.probes(500 if quick else 10_000, 128, 10 if quick else 100, 1 if quick else 3, rates, device)
    n, d = (1000, 256) if quick else (10_000, 2048)
    alignment, deviation = beside_plain(n, d, repeats)
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": _machine(device),
        "rates": {"operations a second": rates.matrix, "bytes a second": rates.copy},
        "rows": [row.values() for row in rows],
        "shares": shares,
        "alignment": alignment,
        "alignment deviation from plain": deviation,
        "stream": streamed((2_000, 4_000) if quick else (10_000, 80_000, 320_000), 256),
        "peak": [{"what": name, "peak MiB": alone(memory.step, name)[1]} for name in memory.STEPS],
    }


def _steps(device: torch.device, quick: bool) -> list[tuple[Run, int, ViewRecipe]]:
    """Runs whose steps are timed: the embedded default's network, and what fits the machine at CIFAR's resolution."""
    colour = ViewRecipe()
    small = Run(dataset="cifar100", encoder="resnet10", width=16, batch_size=32 if quick else 256)
    if quick:
        return [(small, 16, colour)]
    if device.type == "cpu":
        full = Run(dataset="cifar100", encoder="resnet18", batch_size=64)
        return [(small, 8, KNOWN["cifar100"].views), (small, 32, colour), (full, 32, colour)]
    return [
        (Run(dataset="cifar100", encoder=encoder, precision="bfloat16"), 32, colour)
        for encoder in ("resnet18", "resnet50")
    ]


def _machine(device: torch.device) -> str:
    accelerator = f", {torch.cuda.get_device_name()}" if device.type == "cuda" else ""
    return f"{torch.get_num_threads()} threads, {platform.machine()}{accelerator}, torch {torch.__version__}"


def as_markdown(result: Mapping[str, Any], sweeps: list[dict[str, Any]]) -> str:
    rates, deviation = result["rates"], result["alignment deviation from plain"]
    shares = [{"step": name, **share} for name, share in result["shares"].items()]
    return (
        "\n\n".join(
            [
                "# How fast it is",
                f"{result['date']}, {result['machine']}. Made by `python -m benchmarks`. Measured in the same run: "
                f"{rates['operations a second']:.3g} float32 operations a second in a matrix product, "
                f"{rates['bytes a second']:.3g} bytes a second in a copy. Times are seconds, medians of runs in turns. "
                "Plain: `benchmarks/plain.py`, and scikit-learn for the probe. Floor: operations of convolutions and "
                "products over the first rate; for views bytes over the second; `floor / ours` says how near we are.",
                "## Training and probes",
                shown(result["rows"]),
                "## Shares of a step",
                shown(shares),
                "## Alignment of two files of features",
                shown(result["alignment"]),
                f"Largest deviation from the plain values: CKA {deviation['cka']:.1e}, RSA {deviation['rsa']:.1e}; "
                "the plain way works in float32.",
                "## One pass over a stream, d = 256",
                shown(result["stream"]),
                "## Peak memory of a process",
                shown(result["peak"]),
                "## How cost grows",
                shown(sweeps),
                "![one panel a sweep](scale.png)",
            ]
        )
        + "\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes and one repeat: does it run at all")
    parser.add_argument("--device", default="auto", help="auto (default), cpu or cuda")
    parser.add_argument("--out", type=Path, help="folder for RESULTS.md, results.json and scale.png")
    options = parser.parse_args()
    device = choose_device(options.device, None)
    result = measured(device, options.quick)
    found = scale.sweeps(device, 1 if options.quick else 3, options.quick)
    sweeps = [
        {
            "what": sweep.what,
            "against": sweep.size,
            "sizes": ", ".join(map(str, sweep.values)),
            "milliseconds": ", ".join(f"{1e3 * s:.3g}" for s in sweep.seconds),
            "exponent": sweep.exponent,
        }
        for sweep in found
    ]
    text = as_markdown(result, sweeps)
    print(text)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "RESULTS.md").write_text(text)
        (options.out / "results.json").write_text(json.dumps({**result, "scale": sweeps}, indent=2) + "\n")
        scale.draw(found).savefig(options.out / "scale.png", dpi=130)
        print(f"written to {options.out}", file=sys.stderr)


if __name__ == "__main__":
    main()
