"""Two of scikit-learn's digits side by side, 8 x 16 grey: 100 classes, 00 to 99, equally often."""

from pathlib import Path

import numpy as np

from pipeline.config.base import SettingsError
from pipeline.config.dataset_settings import DatasetSpec, SourceSettings
from pipeline.config.view_settings import ViewRecipe
from pipeline.datasets.dataset_facts import Facts
from pipeline.datasets.digit_images import digit_images
from pipeline.datasets.source_images import SourceImages, SourceSplit
from twin_alignment.randomness import keyed_generator

FACTS = Facts(
    DatasetSpec(
        source="digit_pairs",
        classes=100,
        licence="CC BY 4.0 (made of UCI digits)",
        # a crop that cuts a digit off hides the class: with an area of 0.4 CL ends below raw pixels
        views=ViewRecipe(crop_scale=(0.8, 1.0), crop_ratio=(1.6, 2.5), flip=0.0),  # a mirrored digit is not a digit
    ),
    lambda spec: (spec.train_pairs, spec.test_pairs, 1, 8, 16),
)


def images(spec: SourceSettings, downloads: Path) -> SourceImages:
    """Training pairs join training digits only, test pairs test digits only."""
    train, test = digit_images()
    return SourceImages(
        tuple(f"{pair:02d}" for pair in range(100)),
        _pairs(train, spec.train_pairs, "train"),
        _pairs(test, spec.test_pairs, "test"),
    )


def _pairs(singles: SourceSplit, count: int, split: str) -> SourceSplit:
    """Different pairs, equally many of every class, all left digits against all right digits without replacement."""
    assert isinstance(singles.images, np.ndarray)
    each, rest = divmod(count, 100)
    most = int(np.bincount(singles.labels).min()) ** 2
    if rest or each > most:
        raise SettingsError(f"{split}_pairs: expected a multiple of 100 up to {100 * most}, got {count}")
    rows = [np.flatnonzero(singles.labels == digit) for digit in range(10)]
    images = []
    for pair in range(100):
        left, right = rows[pair // 10], rows[pair % 10]
        generator = keyed_generator(0, "digit pairs", split, pair)
        drawn = generator.choice(len(left) * len(right), size=each, replace=False)
        halves = singles.images[left[drawn // len(right)]], singles.images[right[drawn % len(right)]]
        images.append(np.concatenate(halves, axis=2))
    return SourceSplit(np.concatenate(images), np.repeat(np.arange(100), each))
