"""Datasets of growing size, stored as files: preparation, random reads and training.

python -m benchmarks.many_images ARCHIVE, a zip with train/<class>/..., whose images are repeated under other names.
Writes benchmarks/many_images.json. Seconds of cores, which depend less on other work than wall time, should be
proportional to the number of images. Memory should grow only by the index entries of the images. Decoding should be
faster than the encoder.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import zipfile
from itertools import islice
from pathlib import Path, PurePosixPath

import numpy as np
import torch

from benchmarks.measure import peak_bytes
from benchmarks.training import TWINS
from pipeline.config.dataset_settings import SourceSettings
from pipeline.config.run import Run
from pipeline.config.view_settings import ViewRecipe
from pipeline.datasets.images import load_images
from pipeline.datasets.preparation import prepare
from pipeline.datasets.store import load_manifest
from pipeline.system.files import write_json, write_text
from pipeline.train.twin_trainer import TwinTrainer
from twin_alignment.progress import say

BATCH = 256
BATCHES = 200  # read in random order
STEPS = 6  # of training; the first is not counted
TEST_EVERY = 50  # every 50th image is a test image too


def multiply(archive: Path, rows: int, out: Path) -> None:
    """Write a zip of `rows` training images."""
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(out, "w") as target:
        images = [
            (PurePosixPath(name), source.read(name))
            for name in source.namelist()
            if "/train/" in f"/{name}" and name.lower().endswith((".jpeg", ".jpg", ".png"))
        ]
        for row in range(rows):
            path, data = images[row % len(images)]
            name = f"{_class(path)}/{row // len(images):04d}_{path.name}"
            target.writestr(f"train/{name}", data)
            if row % TEST_EVERY == 0:
                target.writestr(f"test/{name}", data)


def _class(path: PurePosixPath) -> str:
    return path.parts[path.parts.index("train") + 1]


def measure_phase(what: str, folder: Path, stored: str) -> dict[str, float]:
    """Measure a phase in this process, whose peak memory it is."""
    started = time.perf_counter()
    values = PHASES[what](folder, stored)
    taken = {"seconds": time.perf_counter() - started, "core_seconds": time.process_time()}
    return {**taken, "peak_mb": peak_bytes() / 1e6, **values}


def _prepare(folder: Path, stored: str) -> dict[str, float]:
    spec = SourceSettings(source="folder", paths=(str(folder / "images.zip"),), stored=stored)
    prepare("many", spec, folder, folder / stored)
    names = list(load_manifest(folder / stored).class_names)
    subset = {"dataset": "many", "seed": 0, "indices": list(range(len(names))), "names": names}
    write_text(folder / "subset.json", json.dumps(subset))
    return {"store_mb": sum(path.stat().st_size for path in (folder / stored).iterdir()) / 1e6}


def _read(folder: Path, stored: str) -> dict[str, float]:
    images = load_images(folder / stored, folder / "subset.json", torch.device("cpu"))["train"]
    order = np.random.default_rng(0).permutation(len(images))[: BATCH * BATCHES].reshape(-1, BATCH)
    started = time.perf_counter()
    for indices in order:
        images.take(indices)
    return {"images_a_second": order.size / (time.perf_counter() - started)}


def _train(folder: Path, stored: str) -> dict[str, float]:
    images = load_images(folder / stored, folder / "subset.json", torch.device("cpu"))["train"]
    run = Run(dataset="many", encoder="resnet10", width=16, stem="imagenet", batch_size=BATCH)
    torch.set_num_threads(1)
    steps = TwinTrainer(run, TWINS[:2], images, ViewRecipe()).steps()
    moments = [time.perf_counter() for _ in islice(steps, STEPS)]
    return {"images_a_second": BATCH * (STEPS - 1) / (moments[-1] - moments[0])}


PHASES = {"prepare": _prepare, "read": _read, "train": _train}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.many_images", description=__doc__)
    parser.add_argument("archive", type=Path)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 300_000, 1_000_000])
    parser.add_argument("--phase", nargs=3, help="measure in this process: phase, folder, storage of images")
    parser.add_argument("--out", type=Path, default=Path("benchmarks"))
    options = parser.parse_args()
    if options.phase:
        what, folder, stored = options.phase
        print(json.dumps(measure_phase(what, Path(folder), stored)))
        return
    measured = []
    for rows in options.rows:
        with tempfile.TemporaryDirectory() as name:
            multiply(options.archive, rows, Path(name) / "images.zip")
            for stored in ("files", "arrays") if rows == min(options.rows) else ("files",):
                for what in PHASES:
                    command = [sys.executable, "-m", "benchmarks.many_images", str(options.archive)]
                    done = subprocess.run(
                        [*command, "--phase", what, name, stored], check=True, stdout=subprocess.PIPE, text=True
                    )
                    row = {"rows": rows, "stored": stored, "phase": what, **json.loads(done.stdout)}
                    measured.append({key: round(v, 3) if isinstance(v, float) else v for key, v in row.items()})
                    say(str(measured[-1]))
        machine = {"machine": platform.machine(), "cores": os.cpu_count(), "torch": torch.__version__}
        write_json(options.out / "many_images.json", {**machine, "measured": measured})


if __name__ == "__main__":
    main()
