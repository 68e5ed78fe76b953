import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pipeline.training.schedule import learning_rate, scaled_learning_rate


@pytest.mark.parametrize(("warmup", "horizon", "per_epoch"), [(10, 100, 7), (1, 5, 39), (3, 4, 2)])
def test_the_course_is_that_of_torchs_schedulers(warmup, horizon, per_epoch):
    weight = torch.nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.SGD([weight], lr=0.7)
    first, rest = warmup * per_epoch, (horizon - warmup) * per_epoch
    schedule = torch.optim.lr_scheduler.SequentialLR(
        optimiser,
        [
            torch.optim.lr_scheduler.LinearLR(optimiser, 1 / first, 1, first - 1),
            torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, rest),
        ],
        milestones=[first],
    )
    for step in range(horizon * per_epoch):
        ours = learning_rate(step, per_epoch, 0.7, warmup, horizon)
        assert ours == pytest.approx(optimiser.param_groups[0]["lr"], rel=1e-6, abs=1e-9), step
        optimiser.step()
        schedule.step()


@given(st.integers(0, 5), st.integers(6, 40), st.integers(1, 20))
def test_it_rises_to_the_peak_once_and_falls_to_zero_at_the_horizon(warmup, horizon, per_epoch):
    course = [learning_rate(step, per_epoch, 2.0, warmup, horizon) for step in range((horizon + 2) * per_epoch)]
    top = max(warmup * per_epoch - 1, 0)
    assert course[top] == 2.0
    assert all(a < b for a, b in itertools.pairwise(course[: top + 1]))
    assert all(a >= b for a, b in itertools.pairwise(course[top:]))
    assert course[horizon * per_epoch - 1] > 0
    assert set(course[horizon * per_epoch :]) == {0.0}


def test_a_longer_horizon_leaves_the_rate_high_at_the_end():
    assert learning_rate(99, 1, 1.0, 0, 1000) > 0.97
    assert learning_rate(99, 1, 1.0, 0, 100) < 0.001


@pytest.mark.parametrize(("rule", "ratio"), [("linear", 4), ("sqrt", 2), ("fourth_root", 2**0.5), ("constant", 1)])
def test_rules_agree_at_a_batch_of_256_and_grow_as_they_say(rule, ratio):
    assert scaled_learning_rate(0.3, 256, rule) == pytest.approx(0.3)
    assert scaled_learning_rate(0.3, 1024, rule) == pytest.approx(0.3 * ratio)


@pytest.mark.parametrize(
    ("rule", "at_256", "at_1024"),
    [("sqrt_published", 1 / 16, 1 / 8), ("fourth_root_published", 1 / 64, 1024**0.25 / 256)],
)
def test_published_rules_shrink_the_rate_too(rule, at_256, at_1024):
    assert scaled_learning_rate(0.3, 256, rule) == pytest.approx(0.3 * at_256)
    assert scaled_learning_rate(0.3, 1024, rule) == pytest.approx(0.3 * at_1024)


@pytest.mark.parametrize("rule", ["square", "linear_published", ""])
def test_unknown_rules_are_refused(rule):
    with pytest.raises(ValueError, match=r"learning_rate_rule = .*allowed is one of linear"):
        scaled_learning_rate(0.3, 256, rule)
