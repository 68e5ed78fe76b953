"""Two of scikit-learn's digits side by side, 8 x 16 grey: 100 classes, 00 to 99, equally often."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.config.base import SettingsError
from pipeline.config.dataset_settings import DatasetSpec, SourceSettings
from pipeline.config.view_settings import ViewRecipe
from pipeline.datasets.dataset_facts import Facts
from pipeline.datasets.digit_images import digit_images
from pipeline.datasets.source_images import Labels, Pixels, SourceImages, SourceSplit
from twin_alignment.randomness import keyed_generator

FACTS = Facts(
    DatasetSpec(
        source="digit_pairs",
        classes=100,
        licence="CC BY 4.0 (made of UCI digits)",
        # a crop that cuts a digit off hides the class: with an area of 0.4 CL ends below raw pixels
        views=ViewRecipe(crop_scale=(0.8, 1.0), crop_ratio=(1.6, 2.5), flip=0.0),  # a mirrored digit is none
    ),
    lambda spec: (spec.train_pairs, spec.test_pairs, 1, 8, 16),
)


def images(spec: SourceSettings, downloads: Path) -> SourceImages:
    """Training pairs join training digits only, test pairs test digits only."""
    names = tuple(f"{pair:02d}" for pair in range(100))
    splits = []
    for (singles, labels), wanted, split in zip(
        digit_images(), (spec.train_pairs, spec.test_pairs), ("train", "test"), strict=True
    ):
        each, rest = divmod(wanted, 100)
        possible = int(np.bincount(labels).min()) ** 2
        if rest or each > possible:
            raise SettingsError(
                f"{split}_pairs = {wanted}: allowed is a multiple of 100 up to {100 * possible}, as classes are equal"
            )
        splits.append(SourceSplit(wanted, _pairs(singles, labels, each, split)))
    return SourceImages(names, *splits)


def _pairs(singles: Pixels, labels: Labels, each: int, split: str) -> Iterator[tuple[Pixels, int]]:
    """`each` different pairs of every class, all left digits against all right digits without replacement."""
    rows: list[npt.NDArray[np.int64]] = [np.flatnonzero(labels == digit) for digit in range(10)]
    for pair in range(100):
        left, right = rows[pair // 10], rows[pair % 10]
        generator = keyed_generator(0, "digit pairs", split, pair)
        for chosen in generator.choice(len(left) * len(right), size=each, replace=False).tolist():
            halves = singles[left[chosen // len(right)]], singles[right[chosen % len(right)]]
            yield np.concatenate(halves, axis=1), pair
