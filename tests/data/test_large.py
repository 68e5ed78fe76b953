"""A store larger than memory and disk: what it holds is not read before it is asked for."""

import json
import os
import resource
import subprocess
import sys

import numpy as np
import pytest

from pipeline.references import PROJECT

SPLITS = {"train": 10_000_000, "test": 1000}
SHAPE = (3, 32, 32)
CLASSES = 100
MEMORY = 2 << 30  # the images would take 31 GB

SUBSET = """
import sys
from pathlib import Path
import numpy as np
import torch
from pipeline.data.images import load_images
from pipeline.data.store import load_store
from pipeline.data.subsets import draw_subset

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
