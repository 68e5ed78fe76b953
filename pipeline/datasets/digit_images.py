"""scikit-learn's handwritten digits, split once for all datasets that are made of them."""

import numpy as np

from pipeline.datasets.source_images import SourceSplit
from twin_alignment.randomness import torch_seed

_TEST_SHARE = 0.2  # of each class


def digit_images() -> tuple[SourceSplit, SourceSplit]:
    """Images [N, 8, 8] for training and testing; the grey levels 0 to 16 become 0 to 255."""
    from sklearn.datasets import load_digits  # noqa: PLC0415  (a second, which only these datasets need)
    from sklearn.model_selection import train_test_split  # noqa: PLC0415

    data = load_digits()
    images = np.round(data.images * 255 / 16).astype(np.uint8)
    labels = data.target.astype(np.int64)
    rows = np.arange(len(labels))
    seed = torch_seed(0, "digits split")
    train, test = train_test_split(rows, test_size=_TEST_SHARE, stratify=labels, random_state=seed)
    train, test = np.sort(train), np.sort(test)
    return SourceSplit(images[train], labels[train]), SourceSplit(images[test], labels[test])
