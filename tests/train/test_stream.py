import numpy as np
import pytest
import torch

from pipeline.config.base import SettingsError
from pipeline.config.objectives import resolve
from pipeline.train.batches import draw_order
from pipeline.train.stream import Stream
from twin_alignment.randomness import keyed_generator


def noting(ask, taken):
    """As `ask`; indices are noted when their images are taken, not when they are asked for."""

    def noted(indices):
        asked = ask(indices)
        return lambda: taken.append(indices.tolist()) or asked()

    return noted


def epoch_of(stream, epoch=1):
    return list(stream.epoch(epoch))


def test_every_epoch_shows_full_batches_without_repeats(small_run, images, recipe, monkeypatch):
    taken = []
    monkeypatch.setattr(images, "prefetch_batch", noting(images.prefetch_batch, taken))
    stream = Stream(small_run, images, recipe, [resolve("cl")])
    orders = []
    for epoch in (1, 2):
        taken.clear()
        epoch_of(stream, epoch)
        orders.append(np.concatenate(taken).tolist())
        assert len(orders[-1]) == len(images) // 32 * 32
        assert len(set(orders[-1])) == len(orders[-1])
    assert orders[0] != orders[1]


def test_both_views_are_of_the_labelled_images_and_differ(small_run, images, recipe):
    for step in epoch_of(Stream(small_run, images, recipe, [resolve("cl")])):
        batch = step["cl"]
        assert batch.view1.shape == batch.view2.shape == (32, 1, 8, 8)
        assert not torch.equal(batch.view1, batch.view2)
        assert set(batch.labels.tolist()) <= {0, 1, 2, 3}


def test_twins_that_share_get_the_very_same_tensors(small_run, images, recipe):
    step = next(Stream(small_run, images, recipe, [resolve(name) for name in ("cl", "nscl", "ce")]).epoch(1))
    assert step["cl"] is step["nscl"] is step["ce"]


def test_the_digest_tells_every_difference_and_continues(small_run, images, recipe):
    def digest(run, recipe=recipe, epochs=(1, 2)):
        stream = Stream(run, images, recipe, [resolve("cl")])
        for epoch in epochs:
            epoch_of(stream, epoch)
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
    epoch_of(resumed, 2)
    assert resumed.digest("cl") == usual


def test_a_batch_larger_than_the_data_is_refused(small_run, images, recipe):
    with pytest.raises(SettingsError, match=rf"batch_size = 4096: digits has {len(images)} training images"):
        Stream(small_run.model_copy(update={"batch_size": 4096}), images, recipe, [resolve("cl")])


def test_shuffled_labels_belong_to_images_and_keep_the_class_sizes(small_run, images, recipe, monkeypatch):
    taken = []
    monkeypatch.setattr(images, "prefetch_batch", noting(images.prefetch_batch, taken))
    stream = Stream(small_run, images, recipe, [resolve("nscl_shuffled")])
    assert torch.equal(stream.shuffled.bincount(), images.labels.bincount())
    assert (stream.shuffled != images.labels).float().mean() > 0.5
    seen = {}
    for epoch in (1, 2):
        for step in stream.epoch(epoch):
            for image, label in zip(taken[-1], step["nscl_shuffled"].shuffled.tolist(), strict=True):
                assert seen.setdefault(image, label) == label


def test_a_replica_draws_its_own_stream(small_run, images, recipe):
    step = next(Stream(small_run, images, recipe, [resolve("cl"), resolve("cl_independent")]).epoch(1))
    assert step["cl"] is not step["cl_independent"]
    assert not torch.equal(step["cl"].labels, step["cl_independent"].labels)


class Watched:
    """A stream whose images are asked for by position, and what came of each: (image, view 1, view 2)."""

    def __init__(self, run, images, recipe, objectives):
        self.stream = Stream(run, images, recipe, [resolve(name) for name in objectives])
        self.taken = []
        self.images = images
        self.prefetch_batch = noting(images.prefetch_batch, self.taken)

    def shown(self, epoch, monkeypatch):
        """{objective: [(image, view 1, view 2), ...]} in the order of the epoch."""
        seen = {}
        monkeypatch.setattr(self.images, "prefetch_batch", self.prefetch_batch)
        for step in self.stream.epoch(epoch):
            batches = dict.fromkeys(self.stream.keys.values())
            taken = dict(zip(batches, self.taken, strict=True))
            self.taken.clear()
            for name, batch in step.items():
                rows = zip(taken[self.stream.keys[name]], batch.view1, batch.view2, strict=True)
                seen.setdefault(name, []).extend(rows)
        monkeypatch.undo()
        return seen


def views_of(rows):
    """{image: (view 1, view 2)}; fails where two views of one image differ."""
    found = {}
    for image, *views in rows:
        first = found.setdefault(image, views)
        assert all(torch.equal(a, b) for a, b in zip(first, views, strict=True))
    return found


def same_views(a, b):
    common = a.keys() & b.keys()
    assert len(common) > 50
    return np.mean([all(torch.equal(x, y) for x, y in zip(a[image], b[image], strict=True)) for image in common])


def test_augmentations_can_be_shared_without_batches(small_run, images, recipe, monkeypatch):
    run = small_run.model_copy(update={"shared": ("initialisation", "augmentations")})
    watched = Watched(run, images, recipe, ["cl", "nscl"])
    first, second = (watched.shown(epoch, monkeypatch) for epoch in (1, 2))
    orders = {name: [row[0] for row in rows] for name, rows in first.items()}
    assert orders["cl"] != orders["nscl"]
    views = {name: views_of(rows) for name, rows in first.items()}
    assert same_views(views["cl"], views["nscl"]) == 1.0
    assert same_views(views["cl"], views_of(second["cl"])) < 0.05  # another epoch has other views
    alone = Watched(run, images, recipe, ["nscl"]).shown(1, monkeypatch)
    assert same_views(views["nscl"], views_of(alone["nscl"])) == 1.0
    resumed = Watched(run, images, recipe, ["cl", "nscl"]).shown(2, monkeypatch)  # without the first epoch
    assert same_views(views_of(second["nscl"]), views_of(resumed["nscl"])) == 1.0


def test_batches_can_be_shared_without_augmentations(small_run, images, recipe, monkeypatch):
    run = small_run.model_copy(update={"shared": ("initialisation", "batches")})
    found = Watched(run, images, recipe, ["cl", "nscl"]).shown(1, monkeypatch)
    assert [row[0] for row in found["cl"]] == [row[0] for row in found["nscl"]]
    assert same_views(*(views_of(found[name]) for name in ("cl", "nscl"))) < 0.05


def test_the_two_views_of_an_image_are_drawn_apart(small_run, images, recipe, monkeypatch):
    rows = Watched(small_run, images, recipe, ["cl"]).shown(1, monkeypatch)["cl"]
    assert np.mean([torch.equal(first, second) for _, first, second in rows]) < 0.05


def test_class_weighted_batches_favour_no_class(small_run):
    """Of 6,000 places each of three classes gets a third, whatever its size, and in a class each image as many."""
    labels = np.repeat([0, 1, 2], [300, 20, 4])
    np.random.default_rng(0).shuffle(labels)
    order = draw_order("class_weighted", keyed_generator(0, "test"), labels, 60, 100)
    assert order.images.shape == (60, 100)
    counts = np.bincount(labels[order.images.ravel()])
    assert abs(counts - 2000).max() < 4.5 * np.sqrt(6000 * 2 / 9)
    for name in range(3):
        of_class = np.flatnonzero(labels == name)
        each = np.bincount(order.images.ravel(), minlength=len(labels))[of_class]
        expected = 2000 / len(of_class)
        assert abs(each - expected).max() < 5 * np.sqrt(expected)
    again = draw_order("class_weighted", keyed_generator(0, "test"), labels, 60, 100)
    assert np.array_equal(order.images, again.images)


def test_a_class_that_is_not_there_is_never_drawn():
    order = draw_order("class_weighted", keyed_generator(0, "test"), np.array([5, 2, 5, 2]), 3, 4)
    assert set(order.images.ravel()) == {0, 1, 2, 3}


def test_earlier_shows_are_counted_as_by_hand():
    order = draw_order("class_weighted", keyed_generator(1, "test"), np.zeros(7, np.int64), 5, 6)
    seen = dict.fromkeys(range(7), 0)
    for image, earlier in zip(order.images.ravel().tolist(), order.earlier.ravel().tolist(), strict=True):
        assert earlier == seen[image]
        seen[image] += 1
    assert order.shows == max(seen.values())


def test_an_image_that_comes_twice_has_another_view_each_time(small_run, images, recipe, monkeypatch):
    """Otherwise it would be its own twin among the negatives."""
    run = small_run.model_copy(update={"batches": "class_weighted", "shared": ("initialisation", "augmentations")})
    found = Watched(run, images, recipe, ["cl", "nscl"]).shown(1, monkeypatch)
    times = {}
    for name, rows in found.items():
        for image, *views in rows:
            times.setdefault((name, image), []).append(views)
    repeated = [shows for shows in times.values() if len(shows) > 1]
    assert len(repeated) > 20
    assert np.mean([torch.equal(shows[0][0], shows[1][0]) for shows in repeated]) < 0.05
    both = [image for name, image in times if name == "cl" and ("nscl", image) in times]
    assert all(torch.equal(times["cl", image][0][0], times["nscl", image][0][0]) for image in both)
    alone = Watched(run, images, recipe, ["cl"]).shown(1, monkeypatch)["cl"]
    assert all(torch.equal(a[1], b[1]) for a, b in zip(alone, found["cl"], strict=True))


def test_an_unknown_way_to_draw_batches_is_refused():
    with pytest.raises(ValueError, match="batches = 'sorted': allowed is permutation or class_weighted"):
        draw_order("sorted", keyed_generator(0, "test"), np.zeros(3, np.int64), 1, 2)
