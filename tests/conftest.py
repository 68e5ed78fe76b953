"""A small real dataset for tests that train: 159 digits of four classes, 8 x 8."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

import twin_alignment.torchvision_shim  # noqa: F401  (before libraries that import torchvision)
from pipeline.config.run import Run
from pipeline.config.view_settings import ViewRecipe
from pipeline.datasets.images import Images
from pipeline.datasets.store import Split

torch.set_num_threads(1)  # tests run side by side


def four_digits():
    """All of four classes out of ten, so that labels are renumbered."""
    data = load_digits()
    pixels = np.round(data.images * 255 / 16).astype(np.uint8)[:400, None]
    labels = data.target[:400].astype(np.int64)
    return Images(Split(pixels, labels), (1, 4, 5, 8), (0.3,), (0.35,), torch.device("cpu"))


@pytest.fixture(scope="session")
def recipe():
    return ViewRecipe(flip=0.0, crop_scale=(0.5, 1.0))


@pytest.fixture(scope="session")
def small_run():
    """Three epochs of a tiny network, 4 steps each."""
    return Run(dataset="digits", encoder="resnet10", width=4, projection=8, batch_size=32, epochs=3, warmup_epochs=1)


@pytest.fixture(scope="session")
def images():
    return four_digits()
