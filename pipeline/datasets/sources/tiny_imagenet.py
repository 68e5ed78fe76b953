"""Tiny-ImageNet as published: 64 x 64, 200 classes, 100,000 training and 10,000 validation images."""

from pathlib import Path, PurePosixPath

from pipeline.config.base import SettingsError
from pipeline.config.dataset_settings import DatasetSpec, SourceSettings
from pipeline.datasets.archive import is_archive
from pipeline.datasets.class_folders import Labelled, labelled_images
from pipeline.datasets.dataset_facts import IMAGENET_TERMS, Facts, square
from pipeline.datasets.fetch import fetch
from pipeline.datasets.source_images import SourceImages
from pipeline.datasets.trees import TreeFile, list_tree, read_files

URL = "http://cs231n.stanford.edu/tiny-imagenet-200.zip"
MD5 = "90528d7ca1a48142e341f4ef8d21d0de"

FACTS = Facts(
    DatasetSpec(source="tiny_imagenet", classes=200, licence=IMAGENET_TERMS),
    square(100_000, 10_000, 3, 64),
    reads_paths=True,
    may_lack_classes=True,
)


def images(spec: SourceSettings, downloads: Path) -> SourceImages:
    """Validation images are the test split, as in the paper; all images are RGB.

    Read from the folder or zip archive of `spec.paths`, otherwise from `tiny-imagenet-200` or `tiny-imagenet-200.zip`
    among the downloads, which is fetched where neither is there. `wnids.txt` says which classes there are, so that
    copies cut down to fewer classes are read too. Classes are sorted, and named "n01443537 goldfish".
    """
    if len(spec.paths) > 1:
        raise SettingsError(f"paths = {list(spec.paths)}: tiny_imagenet is one folder or zip archive")
    tree = Path(spec.paths[0]) if spec.paths else _published(downloads)
    files = _below_top(tree)
    wnids = sorted(_text(tree, files, "wnids.txt").split())
    words = dict(line.split("\t", 1) for line in _text(tree, files, "words.txt").splitlines() if "\t" in line)
    names = tuple(f"{wnid} {words.get(wnid, '').split(',')[0]}".strip() for wnid in wnids)
    annotations = _text(tree, files, "val/val_annotations.txt").splitlines()
    annotated = dict(line.split("\t")[:2] for line in annotations if line)
    numbers = {wnid: number for number, wnid in enumerate(wnids)}
    train, test = Labelled(), Labelled()
    for path, file in files.items():
        match path.parts:
            case ("train", wnid, "images", _) if wnid in numbers:
                train.add([file], numbers[wnid])
            case ("val", "images", name):
                if name not in annotated:
                    raise SettingsError(f"{file}: has no line in val/val_annotations.txt")
                if annotated[name] in numbers:
                    test.add([file], numbers[annotated[name]])
    if not train.files or not test.files:
        raise SettingsError(f"{tree}: no images under train/<wnid>/images/ or val/images/")
    return labelled_images(names, train, test, "RGB", spec.size)


def _published(downloads: Path) -> Path:
    """A partial archive is not one, as its directory stands at the end; damage within is found when it is read."""
    folder = downloads / "tiny-imagenet-200"
    archive = downloads / "tiny-imagenet-200.zip"
    if folder.is_dir():
        return folder
    return (
        archive
        if is_archive(archive)
        else fetch(URL, MD5, archive, f"{folder.name}/ as unpacked, or set the dataset's `paths` to either")
    )


def _below_top(tree: Path) -> dict[PurePosixPath, TreeFile]:
    """Files by their path below the folder that has `wnids.txt`, in the order of these paths."""
    files = list_tree(tree)
    tops = [file.path.parent for file in files if file.path.name == "wnids.txt"]
    if len(tops) != 1:
        raise SettingsError(f"{tree}: has {len(tops)} files named wnids.txt; Tiny-ImageNet has one")
    return {file.path.relative_to(tops[0]): file for file in files if file.path.is_relative_to(tops[0])}


def _text(tree: Path, files: dict[PurePosixPath, TreeFile], name: str) -> str:
    file = files.get(PurePosixPath(name))
    if file is None:
        raise SettingsError(f"{tree}: has no {name}")
    return next(read_files([file])).decode()
