"""scikit-learn's handwritten digits (8 x 8, 10 classes) and pairs of them side by side (8 x 16, 100 classes)."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from pipeline.data.store import Labels, Pixels, SourceImages, SourceSplit
from pipeline.params import DatasetSpec, SettingsError
from pipeline.randomness import keyed_generator, torch_seed

_TEST_SHARE = 0.2


def digits(spec: DatasetSpec, downloads: Path) -> SourceImages:
    """1,797 digits, a fifth of each class for testing."""
    train, test = _split()
    return SourceImages(
        tuple("0123456789"), *(SourceSplit(len(y), zip(x, y.tolist(), strict=True)) for x, y in (train, test))
    )


def digit_pairs(spec: DatasetSpec, downloads: Path) -> SourceImages:
    """Classes 00 to 99, equally often; training pairs join training digits only, test pairs test digits only."""
    names = tuple(f"{pair:02d}" for pair in range(100))
    splits = []
    for (images, labels), wanted, split in zip(
        _split(), (spec.train_pairs, spec.test_pairs), ("train", "test"), strict=True
    ):
        each, rest = divmod(wanted, 100)
        possible = int(np.bincount(labels).min()) ** 2
        if rest or each > possible:
            raise SettingsError(
                f"{split}_pairs = {wanted}: allowed is a multiple of 100 up to {100 * possible}, as classes are equal"
            )
        splits.append(SourceSplit(wanted, _pairs(images, labels, each, split)))
    return SourceImages(names, *splits)


def _split() -> tuple[tuple[Pixels, Labels], tuple[Pixels, Labels]]:
    """(images [N, 8, 8], labels [N]) for training and testing; the grey levels 0 to 16 become 0 to 255."""
    data = load_digits()
    images = np.round(data.images * 255 / 16).astype(np.uint8)
    labels = data.target.astype(np.int64)
    rows = np.arange(len(labels))
    train, test = train_test_split(
        rows, test_size=_TEST_SHARE, stratify=labels, random_state=torch_seed(0, "digits split")
    )
    train, test = np.sort(train), np.sort(test)
    return (images[train], labels[train]), (images[test], labels[test])


def _pairs(images: Pixels, labels: Labels, each: int, split: str) -> Iterator[tuple[Pixels, int]]:
    """`each` different pairs of every class, all left digits against all right digits without replacement."""
    rows: list[npt.NDArray[np.int64]] = [np.flatnonzero(labels == digit) for digit in range(10)]
    for pair in range(100):
        left, right = rows[pair // 10], rows[pair % 10]
        generator = keyed_generator(0, "digit pairs", split, pair)
        for chosen in generator.choice(len(left) * len(right), size=each, replace=False).tolist():
            halves = images[left[chosen // len(right)]], images[right[chosen % len(right)]]
            yield np.concatenate(halves, axis=1), pair
