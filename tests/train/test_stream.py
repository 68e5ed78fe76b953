import numpy as np
import pytest
import torch

from pipeline.config.base import SettingsError
from pipeline.config.objectives import resolve
from pipeline.train.batches import check_batches, draw_order
from pipeline.train.stream import Stream
from twin_alignment.randomness import keyed_generator


class Watched:
    """A stream that records which images are read for which batch."""

    def __init__(self, run, images, recipe, *objectives):
        self.taken = []
        self.images = images
        self.stream = Stream(run, self, recipe, [resolve(name) for name in objectives])

    def __getattr__(self, name):
        return getattr(self.images, name)

    def __len__(self):
        return len(self.images)

    def prefetch_batch(self, indices):
        """Record indices when their images are read, not when they are requested."""
        read = self.images.prefetch_batch(indices)
        return lambda: self.taken.append(indices.tolist()) or read()

    def shown(self, epoch):
        """{objective: [(image, view 1, view 2, label, shuffled label), ...]} in the order of the epoch."""
        seen = {}
        for step in self.stream.epoch(epoch):
            taken = dict(zip(dict.fromkeys(self.stream.keys.values()), self.taken, strict=True))
            self.taken.clear()
            for name, batch in step.items():
                columns = (batch.view1, batch.view2, batch.labels.tolist(), batch.shuffled.tolist())
                seen.setdefault(name, []).extend(zip(taken[self.stream.keys[name]], *columns, strict=True))
        return seen


def images_in(rows):
    return [row[0] for row in rows]


def views_of(rows):
    """{image: (view 1, view 2)}; fails if two views of one image differ."""
    found = {}
    for image, *views in (row[:3] for row in rows):
        first = found.setdefault(image, views)
        assert all(torch.equal(a, b) for a, b in zip(first, views, strict=True))
    return found


def share_of_equal_views(a, b):
    a, b = views_of(a), views_of(b)
    common = a.keys() & b.keys()
    assert len(common) > 50
    return np.mean([all(torch.equal(x, y) for x, y in zip(a[image], b[image], strict=True)) for image in common])


def test_every_epoch_shows_full_batches_of_labelled_images_without_repeats(small_run, images, recipe):
    watched = Watched(small_run, images, recipe, "cl")
    epochs = [watched.shown(epoch)["cl"] for epoch in (1, 2)]
    for rows in epochs:
        assert len(rows) == len(images) // 32 * 32
        assert len(set(images_in(rows))) == len(rows)
        for image, view1, view2, label, _ in rows:
            assert view1.shape == view2.shape == (1, 8, 8)
            assert label == images.labels[image]
        assert np.mean([torch.equal(row[1], row[2]) for row in rows]) < 0.05  # the two views are independent
    assert images_in(epochs[0]) != images_in(epochs[1])


def test_twins_that_share_get_the_very_same_tensors_and_an_independent_one_others(small_run, images, recipe):
    objectives = [resolve(name) for name in ("cl", "nscl", "ce", "cl_independent")]
    step = next(Stream(small_run, images, recipe, objectives).epoch(1))
    assert step["cl"] is step["nscl"] is step["ce"]
    assert not torch.equal(step["cl"].labels, step["cl_independent"].labels)


def test_the_digest_tells_every_difference_and_continues(small_run, images, recipe):
    def digest(run, recipe=recipe, epochs=(1, 2)):
        stream = Stream(run, images, recipe, [resolve("cl")])
        for epoch in epochs:
            list(stream.epoch(epoch))
        return stream.digest("cl")

    usual = digest(small_run)
    assert usual == digest(small_run)
    changed = [
        digest(small_run.model_copy(update={"seed": 1})),
        digest(small_run.model_copy(update={"batch_size": 16})),
        digest(small_run, recipe.model_copy(update={"crop_scale": (0.4, 1.0)})),
        digest(small_run, epochs=(1,)),
        digest(small_run, epochs=(2, 1)),
    ]
    assert len({usual, *changed}) == 6
    resumed = Stream(small_run, images, recipe, [resolve("cl")])
    resumed.digests = dict.fromkeys(resumed.digests, digest(small_run, epochs=(1,)))
    list(resumed.epoch(2))
    assert resumed.digest("cl") == usual


def test_a_batch_larger_than_the_data_is_refused(small_run, images, recipe):
    with pytest.raises(SettingsError, match=rf"batch_size = 4096: expected at most {len(images)}, .* of digits"):
        Stream(small_run.model_copy(update={"batch_size": 4096}), images, recipe, [resolve("cl")])


def test_shuffled_labels_belong_to_images_and_keep_the_class_sizes(small_run, images, recipe):
    watched = Watched(small_run, images, recipe, "nscl_shuffled")
    shuffled = watched.stream.shuffled
    assert torch.equal(shuffled.bincount(), images.labels.bincount())
    assert (shuffled != images.labels).float().mean() > 0.5
    for epoch in (1, 2):
        assert all(row[4] == shuffled[row[0]] for row in watched.shown(epoch)["nscl_shuffled"])


def test_augmentations_can_be_shared_without_batches(small_run, images, recipe):
    run = small_run.model_copy(update={"shared": ("initialisation", "augmentations")})
    watched = Watched(run, images, recipe, "cl", "nscl")
    first, second = (watched.shown(epoch) for epoch in (1, 2))
    assert images_in(first["cl"]) != images_in(first["nscl"])
    assert share_of_equal_views(first["cl"], first["nscl"]) == 1.0
    assert share_of_equal_views(first["cl"], second["cl"]) < 0.05  # another epoch has other views
    single = Watched(run, images, recipe, "nscl").shown(1)
    assert share_of_equal_views(first["nscl"], single["nscl"]) == 1.0
    resumed = Watched(run, images, recipe, "cl", "nscl").shown(2)  # without the first epoch
    assert share_of_equal_views(second["nscl"], resumed["nscl"]) == 1.0


def test_batches_can_be_shared_without_augmentations(small_run, images, recipe):
    run = small_run.model_copy(update={"shared": ("initialisation", "batches")})
    rows = Watched(run, images, recipe, "cl", "nscl").shown(1)
    assert images_in(rows["cl"]) == images_in(rows["nscl"])
    assert share_of_equal_views(rows["cl"], rows["nscl"]) < 0.05


def test_class_weighted_batches_favour_no_class():
    """Each of three classes gets a third of 6,000 places, whatever its size, and its images get equal shares."""
    labels = np.repeat([0, 2, 5], [300, 20, 4])  # classes 1, 3 and 4 are missing
    np.random.default_rng(0).shuffle(labels)
    order = draw_order("class_weighted", keyed_generator(0, "test"), labels, 60, 100)
    assert order.images.shape == (60, 100)
    counts = np.bincount(labels[order.images.ravel()])[[0, 2, 5]]
    assert abs(counts - 2000).max() < 4.5 * np.sqrt(6000 * 2 / 9)
    for name in (0, 2, 5):
        of_class = np.flatnonzero(labels == name)
        each = np.bincount(order.images.ravel(), minlength=len(labels))[of_class]
        expected = 2000 / len(of_class)
        assert abs(each - expected).max() < 5 * np.sqrt(expected)
    again = draw_order("class_weighted", keyed_generator(0, "test"), labels, 60, 100)
    assert np.array_equal(order.images, again.images)


def test_batches_of_a_few_classes_have_equal_shares_of_each_and_every_image_once():
    """4, 3 and 3 images of 3 of 5 classes: each class in 3/5 of the batches, its images equally often."""
    labels = np.repeat([0, 2, 3, 5, 8], [40, 20, 20, 20, 4])
    np.random.default_rng(0).shuffle(labels)
    check_batches("3_classes", labels, 10)
    order = draw_order("3_classes", keyed_generator(0, "test"), labels, 2000, 10)
    appearances = dict.fromkeys(np.unique(labels).tolist(), 0)
    for images in order.images:
        assert len(set(images.tolist())) == 10
        classes, counts = np.unique(labels[images], return_counts=True)
        assert sorted(counts.tolist()) == [3, 3, 4]
        for name in classes.tolist():
            appearances[name] += 1
    assert all(abs(times - 1200) < 4.5 * np.sqrt(2000 * 0.6 * 0.4) for times in appearances.values())
    each = np.bincount(order.images.ravel(), minlength=len(labels))
    for name, size in zip(*np.unique(labels, return_counts=True), strict=True):
        expected = 2000 * 0.6 * (10 / 3) / size
        assert abs(each[labels == name] - expected).max() < 5 * np.sqrt(expected)
    again = draw_order("3_classes", keyed_generator(0, "test"), labels, 2000, 10)
    assert np.array_equal(order.images, again.images)
    assert np.array_equal(order.times_seen_before, again.times_seen_before)


@pytest.mark.parametrize(
    ("batches", "size", "message"),
    [
        ("6_classes", 12, "expected at most 5_classes, as the training images have, got 6_classes"),
        ("2_classes", 10, "2_classes with batch_size = 10 needs 5 training images of every class, got a class of 4"),
    ],
)
def test_classes_too_few_or_too_small_are_refused_before_training(batches, size, message):
    with pytest.raises(SettingsError, match=message):
        check_batches(batches, np.repeat(np.arange(5), [40, 20, 20, 20, 4]), size)


def test_earlier_places_of_an_image_are_counted_as_by_hand():
    order = draw_order("class_weighted", keyed_generator(1, "test"), np.zeros(7, np.int64), 5, 6)
    seen = dict.fromkeys(range(7), 0)
    for image, before in zip(order.images.ravel().tolist(), order.times_seen_before.ravel().tolist(), strict=True):
        assert before == seen[image]
        seen[image] += 1
    assert order.max_repeats == max(seen.values())


def test_an_image_that_comes_twice_has_another_view_each_time(small_run, images, recipe):
    """Otherwise it would be its own twin among the negatives."""
    run = small_run.model_copy(update={"batches": "class_weighted", "shared": ("initialisation", "augmentations")})
    both = Watched(run, images, recipe, "cl", "nscl").shown(1)
    times = {}
    for name, rows in both.items():
        for image, view, *_ in rows:
            times.setdefault((name, image), []).append(view)
    repeated = [views for views in times.values() if len(views) > 1]
    assert len(repeated) > 20
    assert np.mean([torch.equal(views[0], views[1]) for views in repeated]) < 0.05
    common = [image for name, image in times if name == "cl" and ("nscl", image) in times]
    assert all(torch.equal(times["cl", image][0], times["nscl", image][0]) for image in common)
    single = Watched(run, images, recipe, "cl").shown(1)["cl"]
    assert all(torch.equal(a[1], b[1]) for a, b in zip(single, both["cl"], strict=True))


def test_an_unknown_way_to_draw_batches_is_refused():
    with pytest.raises(ValueError, match="batches: expected permutation, class_weighted or K_classes, got 'sorted'"):
        draw_order("sorted", keyed_generator(0, "test"), np.zeros(3, np.int64), 1, 2)
