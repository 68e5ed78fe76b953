"""A run is compared with what it recorded, as far as it recorded anything."""

import pytest

from pipeline.config.base import SettingsError
from pipeline.config.objectives import resolve
from pipeline.system.files import digest_of_bytes
from pipeline.train.checkpoints import checkpoint_bytes
from pipeline.train.first_steps import replay
from pipeline.train.twin_trainer import TwinTrainer

OBJECTIVES = tuple(map(resolve, ("cl", "ce")))


@pytest.fixture(scope="module")
def trained(small_run, images, recipe):
    """After all 12 steps."""
    trainer = TwinTrainer(small_run, OBJECTIVES, images, recipe)
    assert sum(1 for _ in trainer.steps()) == 12
    return trainer


@pytest.fixture(scope="module")
def recorded(trained):
    return {
        (row.epoch, row.step, row.objective): (row.learning_rate, row.loss, row.mean_mass, row.mean_square_mass)
        for row in trained.rows
    }


@pytest.mark.parametrize(("known", "steps", "compared"), [(12, None, 12), (12, 3, 3), (5, None, 5), (5, 8, 5)])
def test_the_steps_that_were_requested_and_recorded_are_compared(
    recorded, small_run, images, recipe, known, steps, compared
):
    first = sorted({key[:2] for key in recorded})[:known]
    some = {key: values for key, values in recorded.items() if key[:2] in first}
    found = replay(small_run, OBJECTIVES, images, recipe, some, steps, {})
    assert (found.steps, found.first_difference, found.deviation) == (compared, None, 0.0)


@pytest.mark.parametrize(("epoch", "step"), [(1, 2), (2, 1)])
def test_another_loss_is_found_at_its_step(recorded, small_run, images, recipe, epoch, step):
    rate, loss, *masses = recorded[epoch, step, "cl"]
    altered = {**recorded, (epoch, step, "cl"): (rate, loss * 1.001, *masses)}
    found = replay(small_run, OBJECTIVES, images, recipe, altered, None, {})
    number = (epoch - 1) * 4 + step
    assert found.first_difference == number
    assert found.deviation == pytest.approx(1e-3, rel=0.01)
    assert (found.deviation_of_first > 0) == (number <= 3)


def test_checkpoints_are_compared_by_their_digests(trained, recorded, small_run, images, recipe):
    checkpoints = {
        f"{twin.objective.name}-epoch0003.safetensors": digest_of_bytes(checkpoint_bytes(twin.network))
        for twin in trained.twins
    }
    found = replay(small_run, OBJECTIVES, images, recipe, recorded, None, checkpoints)
    assert (found.checkpoints, found.first_difference) == (2, None)
    altered = {**checkpoints, "ce-epoch0003.safetensors": "0" * 64}
    found = replay(small_run, OBJECTIVES, images, recipe, recorded, None, altered)
    assert (found.checkpoints, found.first_difference) == (1, 12)


def test_a_network_of_a_single_step_is_compared_after_that_step(trained, recorded, small_run, images, recipe):
    trainer = TwinTrainer(small_run, OBJECTIVES, images, recipe)
    for _ in zip(range(6), trainer.steps(), strict=False):
        pass
    after_six = {
        f"{twin.objective.name}-step000006.safetensors": digest_of_bytes(checkpoint_bytes(twin.network))
        for twin in trainer.twins
    }
    found = replay(small_run, OBJECTIVES, images, recipe, recorded, None, after_six)
    assert (found.checkpoints, found.first_difference) == (2, None)
    altered = {**after_six, "cl-step000006.safetensors": "0" * 64}
    found = replay(small_run, OBJECTIVES, images, recipe, recorded, None, altered)
    assert (found.checkpoints, found.first_difference) == (1, 6)


def test_a_twin_that_was_not_recorded_is_named(recorded, small_run, images, recipe):
    only_cl = {key: values for key, values in recorded.items() if key[2] == "cl"}
    with pytest.raises(SettingsError, match="nothing is recorded of ce in epoch 1, step 1"):
        replay(small_run, OBJECTIVES, images, recipe, only_cl, 3, {})
