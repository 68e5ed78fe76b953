"""Tiny-ImageNet as published: 64 x 64, 200 classes, 100,000 training and 10,000 validation images."""

from pathlib import Path
from zipfile import is_zipfile

import numpy as np

from pipeline.config.base import SettingsError
from pipeline.config.dataset_settings import DatasetSpec, SourceSettings
from pipeline.datasets.class_folders import image_files
from pipeline.datasets.dataset_facts import IMAGE_FILES, IMAGENET_TERMS, Facts, square
from pipeline.datasets.fetch import fetch
from pipeline.datasets.source_images import SourceImages, SourceSplit
from pipeline.datasets.trees import TreeFile, list_tree, read_files

URL = "http://cs231n.stanford.edu/tiny-imagenet-200.zip"
MD5 = "90528d7ca1a48142e341f4ef8d21d0de"

FACTS = Facts(
    DatasetSpec(source="tiny_imagenet", classes=200, licence=IMAGENET_TERMS),
    square(100_000, 10_000, 3, 64),
    reads=IMAGE_FILES,
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
    rows: dict[str, list[tuple[str, TreeFile]]] = {"train": [], "val": []}
    for path, file in files.items():
        match path.split("/"):
            case ("train", wnid, "images", _):
                rows["train"].append((wnid, file))
            case ("val", "images", name):
                if name not in annotated:
                    raise SettingsError(f"{file}: has no line in val/val_annotations.txt")
                rows["val"].append((annotated[name], file))
    splits = []
    for split, labelled in rows.items():
        chosen = [(wnids.index(wnid), file) for wnid, file in labelled if wnid in wnids]
        if missing := {*range(len(wnids))}.difference(label for label, _ in chosen):
            raise SettingsError(f"{tree}: class {names[min(missing)]!r} has no image in {split}/")
        labels = np.array([label for label, _ in chosen])
        splits.append(SourceSplit(image_files([file for _, file in chosen], "RGB", spec.size), labels))
    return SourceImages(names, *splits)


def _published(downloads: Path) -> Path:
    """The unpacked folder, or the archive, fetched where it is missing or partial."""
    folder, archive = downloads / "tiny-imagenet-200", downloads / "tiny-imagenet-200.zip"
    if folder.is_dir():
        return folder
    if archive.is_file() and is_zipfile(archive):  # which a partial download is not
        return archive
    return fetch(URL, MD5, archive, f"{folder.name}/ as unpacked, or set the dataset's `paths` to either")


def _below_top(tree: Path) -> dict[str, TreeFile]:
    """Files by their path below the folder that has `wnids.txt`, in the order of these paths."""
    files = [file for file in list_tree(tree) if not file.is_hidden]
    tops = [file.path.removesuffix("wnids.txt") for file in files if file.parts[-1] == "wnids.txt"]
    if len(tops) != 1:
        raise SettingsError(f"{tree}: expected one file wnids.txt, as in Tiny-ImageNet, got {len(tops)}")
    return {file.path.removeprefix(tops[0]): file for file in files if file.path.startswith(tops[0])}


def _text(tree: Path, files: dict[str, TreeFile], name: str) -> str:
    if name not in files:
        raise SettingsError(f"{tree}: has no {name}")
    return next(read_files([files[name]])).decode()
