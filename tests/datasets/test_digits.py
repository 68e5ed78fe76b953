import itertools
from collections import Counter

import numpy as np
import pytest
from image_sets import read_source
from sklearn.datasets import load_digits

from pipeline.config.base import SettingsError


def both(source, **settings):
    """[(image, label)] of both splits."""
    images = read_source(source, None, **settings)
    return [list(zip(split.images, split.labels.tolist(), strict=True)) for split in (images.train, images.test)]


def test_every_digit_is_in_one_split_as_published_a_fifth_of_each_class_for_testing():
    train, test = both("digits")
    data = load_digits()
    published = Counter(
        (np.rint(image * 255 / 16).astype(np.uint8).tobytes(), label)
        for image, label in zip(data.images, data.target.tolist(), strict=True)
    )
    assert Counter((image.tobytes(), label) for image, label in train + test) == published
    assert max(image.max() for image, _ in train) == 255
    in_train, in_test = (Counter(label for _, label in items) for items in (train, test))
    for digit in range(10):
        assert in_test[digit] == pytest.approx(0.2 * (in_train[digit] + in_test[digit]), abs=1)  # a fifth of each class


def test_pairs_join_digits_of_their_own_split_in_the_order_of_their_class():
    singles = [{(image.tobytes(), label) for image, label in items} for items in both("digits")]
    pairs = list(both("digit_pairs", train_pairs=2000, test_pairs=1000))
    for own, other, items in zip(singles, reversed(singles), pairs, strict=True):
        for image, label in items:
            assert image.shape == (8, 16)
            halves = [(image[:, :8].tobytes(), label // 10), (image[:, 8:].tobytes(), label % 10)]
            assert own.issuperset(halves)
            assert other.isdisjoint(halves)


def test_pairs_are_all_different_and_every_class_has_as_many():
    train, test = both("digit_pairs", train_pairs=20_000, test_pairs=3_000)
    for items, each in ((train, 200), (test, 30)):
        assert len({image.tobytes() for image, _ in items}) == len(items)
        assert Counter(label for _, label in items) == dict.fromkeys(range(100), each)


def test_all_possible_pairs_can_be_had():
    _, singles = both("digits")
    numbers = Counter(label for _, label in singles)
    _, test = both("digit_pairs", test_pairs=100 * min(numbers.values()) ** 2)
    rarest = min(numbers, key=numbers.__getitem__)
    images = [image for image, label in singles if label == rarest]
    expected = {np.hstack(halves).tobytes() for halves in itertools.product(images, images)}
    assert {image.tobytes() for image, label in test if label == 11 * rarest} == expected


@pytest.mark.parametrize(("key", "value"), [("train_pairs", 150), ("test_pairs", 10_000_000)])
def test_numbers_of_pairs_that_classes_cannot_share_are_refused(key, value):
    with pytest.raises(SettingsError, match=rf"{key}: expected a multiple of 100 up to \d+, got {value}"):
        list(both("digit_pairs", **{key: value}))
