"""A store larger than memory and disk: what it holds is not read before it is asked for."""

import json
import os
import resource
import subprocess
import sys

import numpy as np
import pytest
from image_sets import encoded, noise, write_zip

from pipeline.config.references import PROJECT

SPLITS = {"train": 10_000_000, "test": 1000}
SHAPE = (3, 32, 32)
CLASSES = 100
MEMORY = 2 << 30  # the images would take 31 GB

SUBSET = """
import sys
from pathlib import Path
import numpy as np
import torch
from pipeline.datasets.images import load_images
from pipeline.datasets.store import load_store
from pipeline.datasets.subsets import draw_subset

folder = Path(sys.argv[1])
names = load_store(folder / "store").manifest.class_names
subset = draw_subset("toy", names, 10, 0)
(folder / "subset.json").write_text(__import__("json").dumps(vars(subset)))
images = load_images(folder / "store", folder / "subset.json", torch.device("cpu"))["train"]
rows, labels = images.take(np.array([0, 5, len(images) - 1]))
print(len(images), rows.shape, rows.sum().item(), labels.tolist())
"""


@pytest.fixture
def store(tmp_path):
    """Ten million images that take no room: the file has a size, and no content."""
    folder = tmp_path / "store"
    folder.mkdir()
    for split, count in SPLITS.items():
        np.save(folder / f"{split}_labels.npy", np.arange(count) % CLASSES)
        images = np.lib.format.open_memmap(folder / f"{split}_images.npy", "w+", np.uint8, (count, *SHAPE))
        images[-1] = 1
        del images
    counts = {split: [count // CLASSES] * CLASSES for split, count in SPLITS.items()}
    names = [f"class {number:02d}" for number in range(CLASSES)]
    values = {
        "name": "toy",
        "class_names": names,
        "shape": SHAPE,
        "counts": counts,
        "mean": [0.5] * 3,
        "std": [0.2] * 3,
    }
    (folder / "manifest.json").write_text(json.dumps({**values, "format": 3}))
    return folder


def test_a_subset_of_ten_million_images_is_drawn_and_indexed_unread(store):
    def within_memory():
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))

    done = subprocess.run(
        [sys.executable, "-c", SUBSET, store.parent],
        cwd=PROJECT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=within_memory,
    )
    assert done.returncode == 0, done.stderr
    rows = 10 * SPLITS["train"] // CLASSES
    assert done.stdout.startswith(f"{rows} torch.Size([3, 3, 32, 32]) ")
    taken = sum(file.stat().st_blocks * 512 for file in store.iterdir())
    assert taken < 200 << 20


MANY = """
import sys
from pathlib import Path
import numpy as np
from pipeline.datasets.preparation import prepare
from pipeline.datasets.store import load_store
from pipeline.config.dataset_settings import SourceSettings

what, folder = sys.argv[1], Path(sys.argv[2])
if what == "prepare":
    spec = SourceSettings(source="folder", paths=(str(folder / "tree.zip"),), stored="files")
    prepare("many", spec, folder, folder / "store")
else:
    images = load_store(folder / "store").train.images
    for _ in range(20):
        images[np.random.default_rng(0).integers(0, images.shape[0], 256)]
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""
NOTED = {"prepare": 1.5, "read": 0.1}  # KB of memory that an image may cost: its names and its place, not its pixels


@pytest.mark.long
def test_memory_grows_by_what_is_noted_of_an_image_and_not_by_its_pixels(tmp_path):
    drawn = [encoded(noise(str(number), (64, 64, 3)), "JPEG") for number in range(4)]
    memory = {}
    for rows in (10_000, 60_000):
        folder = tmp_path / str(rows)
        folder.mkdir()
        counts = {"train": rows, "test": 50}
        names = [f"{split}/{row % 5}/{row}.jpg" for split, count in counts.items() for row in range(count)]
        write_zip(folder / "tree.zip", {name: drawn[number % 4] for number, name in enumerate(names)})
        for what in NOTED:
            command = [sys.executable, "-c", MANY, what, folder]
            done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
            memory[rows, what] = int(done.stdout)
    for what, most in NOTED.items():
        print(what, (memory[60_000, what] - memory[10_000, what]) / 50_000)
        assert (memory[60_000, what] - memory[10_000, what]) / 50_000 < most
