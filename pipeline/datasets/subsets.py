"""Class subsets C': drawn by seed, nested in their number, written as a file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.config.base import SettingsError
from pipeline.datasets.source_images import Labels
from pipeline.datasets.store import Split, load_store
from pipeline.system.files import read_json
from twin_alignment.randomness import keyed_generator


@dataclass(frozen=True)
class Subset:
    """Classes of a dataset that a run uses; indices are those of the store, ascending."""

    dataset: str
    seed: int
    indices: tuple[int, ...]
    names: tuple[str, ...]


def draw_subset(dataset: str, class_names: tuple[str, ...], classes: int, seed: int) -> Subset:
    """Draw the first `classes` of one keyed permutation of all classes, so that larger subsets contain smaller ones.

    Args:
        dataset: its name, part of the key.
        class_names: all classes, in the order of the store.
        classes: how many are drawn.
        seed: of the draw.

    Raises:
        SettingsError: a number of classes that the dataset does not have.
    """
    if not 2 <= classes <= len(class_names):
        raise SettingsError(f"classes: expected 2 to {len(class_names)} for {dataset}, got {classes}")
    order = keyed_generator(seed, "class subset", dataset).permutation(len(class_names))
    indices = tuple(sorted(order[:classes].tolist()))
    return Subset(dataset, seed, indices, tuple(class_names[index] for index in indices))


def read_subset(path: Path) -> Subset:
    """Read a subset; raises FileNotFoundError that says how to make it."""
    if not path.is_file():
        subset = f"{path.parent.name}/{path.stem}"
        raise FileNotFoundError(f"{path}: missing; `python -m pipeline subset {subset}` makes it")
    values = read_json(path)
    return Subset(values["dataset"], values["seed"], tuple(values["indices"]), tuple(values["names"]))


def class_sizes(store_path: Path, subset_path: Path) -> list[int]:
    """Numbers of training images of a subset's classes, by their labels 0 .. C'-1."""
    counts = load_store(store_path).manifest.counts["train"]
    return [counts[index] for index in read_subset(subset_path).indices]


def select(split: Split, classes: tuple[int, ...]) -> tuple[npt.NDArray[np.int64], Labels]:
    """Rows of a split that belong to the classes, in stored order, and their labels 0 .. C'-1."""
    relabelled = np.full(int(split.labels.max()) + 1 + max(classes), -1)
    relabelled[list(classes)] = np.arange(len(classes))
    labels = relabelled[split.labels]
    rows = np.flatnonzero(labels >= 0)
    return rows, labels[rows]
