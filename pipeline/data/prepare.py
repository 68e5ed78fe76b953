"""From a dataset's source to its array store."""

from collections.abc import Callable, Mapping
from pathlib import Path

from pipeline.data.sources.digits import digit_pairs, digits
from pipeline.data.sources.folder import folder
from pipeline.data.sources.tiny_imagenet import tiny_imagenet
from pipeline.data.sources.torchvision_sets import cifar10, cifar100, fashion_mnist, svhn
from pipeline.data.store import Manifest, SourceImages, write_store
from pipeline.params import DatasetSpec, SettingsError, Source


def mini_imagenet(spec: DatasetSpec, downloads: Path) -> SourceImages:
    from pipeline.data.sources import parquet  # noqa: PLC0415  (only here is pyarrow needed, which few machines have)

    return parquet.mini_imagenet(spec, downloads)


def imagenet1k(spec: DatasetSpec, downloads: Path) -> SourceImages:
    from pipeline.data.sources import parquet  # noqa: PLC0415

    return parquet.imagenet1k(spec, downloads)


SOURCES: Mapping[Source, Callable[[DatasetSpec, Path], SourceImages]] = {
    "digits": digits,
    "digit_pairs": digit_pairs,
    "cifar10": cifar10,
    "cifar100": cifar100,
    "svhn": svhn,
    "fashion_mnist": fashion_mnist,
    "tiny_imagenet": tiny_imagenet,
    "mini_imagenet": mini_imagenet,
    "imagenet1k": imagenet1k,
    "folder": folder,
}

_OF_FILES = ("folder", "tiny_imagenet", "mini_imagenet", "imagenet1k")  # these read `paths` and `size`
_CUT_DOWN = ("folder", "tiny_imagenet")  # these may have fewer classes than `classes`


def prepare(name: str, spec: DatasetSpec, downloads: Path, out: Path) -> Manifest:
    """Write the store of a dataset to `out`, replacing one that is there; equal sources give equal bytes.

    Raises SettingsError for a setting that the source does not have, for images that do not make a store and for a
    number of classes other than the spec's, FileNotFoundError where images are missing and cannot be fetched.
    """
    for key in ("paths", "size"):
        if getattr(spec, key) and spec.source not in _OF_FILES:
            raise SettingsError(f"{name}: {key} is not for source = {spec.source}; allowed are {', '.join(_OF_FILES)}")
    images = SOURCES[spec.source](spec, downloads)
    found = len(images.class_names)
    fewer = spec.source in _CUT_DOWN
    if spec.classes is not None and (found > spec.classes or (found < spec.classes and not fewer)):
        most = "at most " if fewer else ""
        raise SettingsError(f"{name}: {found} classes found, classes = {spec.classes} allows {most}{spec.classes}")
    return write_store(out, name, spec.source, spec.licence, images)
