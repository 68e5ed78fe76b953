import numpy as np
import pytest
import torch

from pipeline.settings.base import SettingsError
from pipeline.training.stream import Stream


def epoch_of(stream, epoch=1):
    return list(stream.epoch(epoch))


def test_every_epoch_shows_full_batches_without_repeats(small_run, images, recipe, monkeypatch):
    taken = []
    take = images.take
    monkeypatch.setattr(images, "take", lambda indices: taken.append(indices) or take(indices))
    stream = Stream(small_run, images, recipe, ["cl"])
    orders = []
    for epoch in (1, 2):
        taken.clear()
        epoch_of(stream, epoch)
        orders.append(np.concatenate(taken).tolist())
        assert len(orders[-1]) == len(images) // 32 * 32
        assert len(set(orders[-1])) == len(orders[-1])
    assert orders[0] != orders[1]


def test_both_views_are_of_the_labelled_images_and_differ(small_run, images, recipe):
    for step in epoch_of(Stream(small_run, images, recipe, ["cl"])):
        batch = step["cl"]
        assert batch.view1.shape == batch.view2.shape == (32, 1, 8, 8)
        assert not torch.equal(batch.view1, batch.view2)
        assert set(batch.labels.tolist()) <= {0, 1, 2, 3}


def test_twins_that_share_get_the_very_same_tensors(small_run, images, recipe):
    step = next(Stream(small_run, images, recipe, ["cl", "nscl", "ce"]).epoch(1))
    assert step["cl"] is step["nscl"] is step["ce"]


def test_the_digest_tells_every_difference_and_continues(small_run, images, recipe):
    def digest(run, recipe=recipe, epochs=(1, 2)):
        stream = Stream(run, images, recipe, ["cl"])
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
    resumed = Stream(small_run, images, recipe, ["cl"])
    resumed.digests = dict.fromkeys(resumed.digests, digest(small_run, epochs=(1,)))
    epoch_of(resumed, 2)
    assert resumed.digest("cl") == usual


def test_a_batch_larger_than_the_data_is_refused(small_run, images, recipe):
    with pytest.raises(SettingsError, match=rf"batch_size = 4096: digits has {len(images)} training images"):
        Stream(small_run.model_copy(update={"batch_size": 4096}), images, recipe, ["cl"])
