"""How many training images trees of image files have, from names alone: whether a batch of them is possible is known
before anything is prepared. Apart from what stores are made by, so that a change here makes no store anew."""

from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path

from pipeline.data.class_count import SUFFIXES, train_folders, train_members


@cache
def count_images(trees: tuple[str, ...], enough: int) -> int:
    """Images under `train/<class>/` of all trees together, counted no further than `enough`: of millions that could
    take minutes."""
    found = (one for tree in map(Path, trees) for one in (_of_folder if tree.is_dir() else train_members)(tree))
    return sum(1 for _ in islice(found, enough))


def _of_folder(tree: Path) -> Iterator[Path]:
    for train in train_folders(tree):
        for file in train.glob("[!.]*/[!.]*"):
            if file.suffix.lower() in SUFFIXES:
                yield file
