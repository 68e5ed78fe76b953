"""A run is compared with what it recorded, as far as it recorded anything."""

import pytest

from pipeline.config.base import SettingsError
from pipeline.config.objectives import resolve
from pipeline.system.files import digest_of_bytes
from pipeline.train.checkpoints import checkpoint_bytes
from pipeline.train.first_steps import replay
from pipeline.train.twin_training import Training

OBJECTIVES = tuple(map(resolve, ("cl", "ce")))


@pytest.fixture
def trained(small_run, images, recipe):
    """After all 12 steps."""
    training = Training(small_run, OBJECTIVES, images, recipe)
    assert sum(1 for _ in training.steps()) == 12
    return training


@pytest.fixture
def recorded(trained):
    return {
        (row.epoch, row.step, row.objective): (row.learning_rate, row.loss, row.mean_mass, row.mean_square_mass)
        for row in trained.rows
    }


@pytest.mark.parametrize(
    ("known", "wanted", "compared"), [(12, None, 12), (12, 3, 3), (5, None, 5), (5, 8, 5), (8, 8, 8)]
)
def test_as_many_steps_are_compared_as_were_asked_for_and_recorded(
    recorded, small_run, images, recipe, known, wanted, compared
):
    steps = sorted({key[:2] for key in recorded})[:known]
    some = {key: values for key, values in recorded.items() if key[:2] in steps}
    found = replay(small_run, OBJECTIVES, images, recipe, some, wanted, {})
    assert (found.steps, found.apart_from, found.deviation) == (compared, None, 0.0)


@pytest.mark.parametrize(("epoch", "step"), [(1, 2), (2, 1)])
def test_a_loss_that_was_another_is_found_at_its_step(recorded, small_run, images, recipe, epoch, step):
    rate, loss, *rest = recorded[epoch, step, "cl"]
    other = {**recorded, (epoch, step, "cl"): (rate, loss * 1.001, *rest)}
    found = replay(small_run, OBJECTIVES, images, recipe, other, None, {})
    per_epoch = max(key[1] for key in recorded)
    assert found.apart_from == (epoch - 1) * per_epoch + step
    assert found.deviation == pytest.approx(1e-3, rel=0.01)
    assert (found.deviation_of_first > 0) == ((epoch - 1) * per_epoch + step <= 3)


def test_kept_networks_are_compared_by_their_digests(trained, recorded, small_run, images, recipe):
    last = small_run.epochs
    networks = {
        f"{twin.objective.name}-epoch{last:04d}.safetensors": digest_of_bytes(checkpoint_bytes(twin.network))
        for twin in trained.twins
    }
    found = replay(small_run, OBJECTIVES, images, recipe, recorded, None, networks)
    assert (found.checkpoints, found.apart_from) == (2, None)
    altered = {**networks, f"ce-epoch{last:04d}.safetensors": "0" * 64}
    found = replay(small_run, OBJECTIVES, images, recipe, recorded, None, altered)
    assert (found.checkpoints, found.apart_from) == (1, 12)


def test_a_twin_of_which_nothing_was_recorded_is_named(recorded, small_run, images, recipe):
    alone = {key: values for key, values in recorded.items() if key[2] == "cl"}
    with pytest.raises(SettingsError, match="nothing is recorded of ce in epoch 1, step 1"):
        replay(small_run, OBJECTIVES, images, recipe, alone, 3, {})
