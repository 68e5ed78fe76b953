"""SVHN (Netzer et al. 2011), house numbers cut into digits: 32 x 32 RGB, `{train,test}_32x32.mat`."""

from pathlib import Path

from pipeline.data.facts import Facts, square
from pipeline.data.fetch import fetch
from pipeline.data.store import SourceImages
from pipeline.data.torchvision_sets import datasets, split
from pipeline.settings.dataset import DatasetSpec, SourceSettings
from pipeline.settings.views import ViewRecipe

FACTS = Facts(
    DatasetSpec(
        source="svhn", classes=10, licence="non-commercial use (Netzer et al. 2011)", views=ViewRecipe(flip=0.0)
    ),
    square(73_257, 26_032, 3, 32),
)


def images(spec: SourceSettings, downloads: Path) -> SourceImages:
    kind = datasets().SVHN
    splits = []
    for name in ("train", "test"):
        url, file, md5 = kind.split_list[name]
        fetch(url, md5, downloads / file)
        data = kind(downloads, name)
        splits.append(split(data.data.transpose(0, 2, 3, 1), data.labels))
    return SourceImages(tuple("0123456789"), *splits)
