"""SVHN (Netzer et al. 2011), house numbers cut into digits: 32 x 32 RGB, `{train,extra,test}_32x32.mat`."""

from itertools import chain
from pathlib import Path

from pipeline.config.dataset_settings import DatasetSpec, SourceSettings
from pipeline.config.view_settings import ViewRecipe
from pipeline.datasets.dataset_facts import Facts, square
from pipeline.datasets.fetch import fetch
from pipeline.datasets.source_images import SourceImages, SourceSplit
from pipeline.datasets.torchvision_sets import datasets, split

FACTS = Facts(
    DatasetSpec(
        source="svhn", classes=10, licence="non-commercial use (Netzer et al. 2011)", views=ViewRecipe(flip=0.0)
    ),
    square(73_257 + 531_131, 26_032, 3, 32),
)


def images(spec: SourceSettings, downloads: Path) -> SourceImages:
    """Trained on `train` and then `extra`, as the paper's code does; both are read into memory whole (4 GB at most)."""
    train, extra, test = (_part(name, downloads) for name in ("train", "extra", "test"))
    both = SourceSplit(train.count + extra.count, chain(train.items, extra.items))
    return SourceImages(tuple("0123456789"), both, test)


def _part(name: str, downloads: Path) -> SourceSplit:
    kind = datasets().SVHN
    url, file, md5 = kind.split_list[name]
    fetch(url, md5, downloads / file)
    data = kind(downloads, name)
    return split(data.data.transpose(0, 2, 3, 1), data.labels)
