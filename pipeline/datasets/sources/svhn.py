"""SVHN (Netzer et al. 2011), house numbers cut into digits: 32 x 32 RGB, `{train,extra,test}_32x32.mat`."""

from pathlib import Path

import numpy as np

from pipeline.config.dataset_settings import DatasetSpec, SourceSettings
from pipeline.config.view_settings import ViewRecipe
from pipeline.datasets.dataset_facts import Facts, square
from pipeline.datasets.fetch import fetch
from pipeline.datasets.source_images import SourceImages, SourceSplit
from pipeline.datasets.torchvision_sets import datasets

FACTS = Facts(
    DatasetSpec(
        source="svhn", classes=10, licence="non-commercial use (Netzer et al. 2011)", views=ViewRecipe(flip=0.0)
    ),
    square(73_257 + 531_131, 26_032, 3, 32),
)


def images(spec: SourceSettings, downloads: Path) -> SourceImages:
    """Trained on `train` and then `extra`, as the paper's code does; all are read into memory (4 GB at most)."""
    return SourceImages(tuple("0123456789"), _split(downloads, "train", "extra"), _split(downloads, "test"))


def _split(downloads: Path, *parts: str) -> SourceSplit:
    kind, loaded = datasets().SVHN, []
    for part in parts:
        url, file, md5 = kind.split_list[part]
        fetch(url, md5, downloads / file)
        loaded.append(kind(downloads, part))
    pixels = np.concatenate([data.data for data in loaded])
    return SourceSplit(pixels.transpose(0, 2, 3, 1), np.concatenate([data.labels for data in loaded]).astype(np.int64))
