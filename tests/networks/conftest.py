"""Photographs of scikit-learn cut into small images, and networks in a file."""

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_images

from tests.library.conftest import command  # noqa: F401  (fixture)

SIDE = 48  # pixels of an image
NETWORKS = '''
import torch
from torch import nn


class Tokens(nn.Module):
    """A class token and four patches, and two blocks."""

    def __init__(self):
        super().__init__()
        self.cut = nn.Conv2d(3, 6, 16, 16)
        self.first = nn.Parameter(torch.randn(1, 1, 6))
        self.blocks = nn.ModuleList([nn.TransformerEncoderLayer(6, 2, 12, batch_first=True) for _ in range(2)])
        self.fc = nn.Linear(6, 3)

    def forward(self, x):
        tokens = self.cut(x).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.first.expand(len(x), -1, -1), tokens], 1)
        for block in self.blocks:
            tokens = block(tokens)
        return self.fc(tokens[:, 0])


def small():
    return nn.Sequential(
        nn.Conv2d(3, 5, 3, 2),
        nn.BatchNorm2d(5),
        nn.ReLU(inplace=True),
        nn.Conv2d(5, 8, 3, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 4),
    )


def not_a_network():
    return 3


def broken():
    raise RuntimeError("no such thing")
'''


def crops(side=SIDE):
    """Cut two photographs into squares of uint8 [side, side, 3], and yield them with their names."""
    for number, photograph in enumerate(load_sample_images().images):
        height, width, _ = photograph.shape
        for top in range(0, height - side, 100):
            for left in range(0, width - side, 100):
                yield (
                    f"{'china' if number == 0 else 'flower'}/{top:03d}_{left:03d}.png",
                    photograph[top : top + side, left : left + side],
                )


@pytest.fixture(scope="session")
def photographs(tmp_path_factory):
    """Folder of crops."""
    folder = tmp_path_factory.mktemp("photographs")
    for name, pixels in crops():
        (folder / name).parent.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(folder / name)
    return folder


@pytest.fixture(scope="session")
def file(tmp_path_factory):
    """A file of networks."""
    path = tmp_path_factory.mktemp("networks") / "networks.py"
    path.write_text(NETWORKS)
    return path


@pytest.fixture
def few(photographs, tmp_path):
    """Folder of eleven crops, to change."""
    folder = tmp_path / "few"
    (folder / "b").mkdir(parents=True)
    for place, (name, pixels) in enumerate(list(crops())[:11]):
        Image.fromarray(pixels).save(folder / ("b" if place % 2 else ".") / f"{place:02d}{name[-11:]}")
    return folder


def arrays(path):
    """Arrays of an .npz."""
    with np.load(path) as content:
        return {name: content[name] for name in content.files}
