"""A run is compared with what it recorded, as far as it recorded anything."""

import pytest

from pipeline.objectives import resolve
from pipeline.settings.base import SettingsError
from pipeline.training.replay import replay
from pipeline.training.twins import Training

OBJECTIVES = tuple(map(resolve, ("cl", "ce")))


@pytest.fixture
def recorded(small_run, images, recipe):
    """Of all 12 steps."""
    training = Training(small_run, OBJECTIVES, images, recipe)
    assert sum(1 for _ in training.steps()) == 12
    return {
        (row.epoch, row.step, row.objective): (row.learning_rate, row.loss, row.mean_mass, row.mean_square_mass)
        for row in training.rows
    }


@pytest.mark.parametrize(
    ("known", "asked", "compared"), [(12, None, 12), (12, 3, 3), (5, None, 5), (5, 8, 5), (8, 8, 8)]
)
def test_as_many_steps_are_compared_as_were_asked_for_and_recorded(
    recorded, small_run, images, recipe, known, asked, compared
):
    steps = sorted({key[:2] for key in recorded})[:known]
    some = {key: values for key, values in recorded.items() if key[:2] in steps}
    found = replay(small_run, OBJECTIVES, images, recipe, some, None, asked, {})
    assert (found.steps, found.equal, found.deviation) == (compared, True, 0.0)


def test_a_loss_that_was_another_is_found(recorded, small_run, images, recipe):
    rate, loss, *rest = recorded[2, 1, "cl"]
    found = replay(
        small_run, OBJECTIVES, images, recipe, {**recorded, (2, 1, "cl"): (rate, loss * 1.001, *rest)}, None, 8, {}
    )
    assert not found.agree
    assert found.deviation == pytest.approx(1e-3, rel=0.01)


def test_a_twin_of_which_nothing_was_recorded_is_named(recorded, small_run, images, recipe):
    alone = {key: values for key, values in recorded.items() if key[2] == "cl"}
    with pytest.raises(SettingsError, match="nothing is recorded of ce in epoch 1, step 1"):
        replay(small_run, OBJECTIVES, images, recipe, alone, None, 3, {})
