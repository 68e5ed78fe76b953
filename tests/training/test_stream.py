import numpy as np
import pytest
import torch

from pipeline.objectives import resolve
from pipeline.settings.base import SettingsError
from pipeline.training.stream import Stream


def epoch_of(stream, epoch=1):
    return list(stream.epoch(epoch))


def test_every_epoch_shows_full_batches_without_repeats(small_run, images, recipe, monkeypatch):
    taken = []
    take = images.take
    monkeypatch.setattr(images, "take", lambda indices: taken.append(indices) or take(indices))
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
    take = images.take
    monkeypatch.setattr(images, "take", lambda indices: taken.append(indices) or take(indices))
    stream = Stream(small_run, images, recipe, [resolve("nscl_shuffled")])
    assert torch.equal(stream.shuffled.bincount(), images.labels.bincount())
    assert (stream.shuffled != images.labels).float().mean() > 0.5
    seen = {}
    for epoch in (1, 2):
        for step in stream.epoch(epoch):
            for image, label in zip(taken[-1].tolist(), step["nscl_shuffled"].shuffled.tolist(), strict=True):
                assert seen.setdefault(image, label) == label


def test_a_replica_draws_its_own_stream(small_run, images, recipe):
    step = next(Stream(small_run, images, recipe, [resolve("cl"), resolve("cl_replica")]).epoch(1))
    assert step["cl"] is not step["cl_replica"]
    assert not torch.equal(step["cl"].labels, step["cl_replica"].labels)
