import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.run import Run
from pipeline.train.schedule import learning_rate, path_length, rate_of, released_learning_rate, scaled_learning_rate

LR = torch.optim.lr_scheduler


def plain_sgd(rate):
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate)


@pytest.mark.parametrize(("warmup", "horizon", "per_epoch"), [(10, 100, 7), (1, 5, 39), (3, 4, 2)])
def test_the_course_is_that_of_torchs_schedulers(warmup, horizon, per_epoch):
    optimiser = plain_sgd(0.7)
    first, rest = warmup * per_epoch, (horizon - warmup) * per_epoch
    parts = [LR.LinearLR(optimiser, 1 / first, 1, first - 1), LR.CosineAnnealingLR(optimiser, rest)]
    schedule = LR.SequentialLR(optimiser, parts, milestones=[first])
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


@pytest.mark.parametrize(
    ("rule", "at_256", "at_1024"),
    [
        ("linear", 1, 4),
        ("sqrt", 1, 2),
        ("fourth_root", 1, 2**0.5),
        ("constant", 1, 1),
        ("sqrt_published", 1 / 16, 1 / 8),
        ("fourth_root_published", 1 / 64, 1024**0.25 / 256),
    ],
)
def test_rules_scale_the_rate(rule, at_256, at_1024):
    assert scaled_learning_rate(0.3, 256, rule) == pytest.approx(0.3 * at_256)
    assert scaled_learning_rate(0.3, 1024, rule) == pytest.approx(0.3 * at_1024)


@pytest.mark.parametrize("rule", ["square", "linear_published", ""])
def test_unknown_rules_are_refused(rule):
    with pytest.raises(ValueError, match=rf"learning_rate_rule: expected one of linear.*, got '{rule}'"):
        scaled_learning_rate(0.3, 256, rule)


@pytest.mark.parametrize(("warmup", "horizon"), [(10, 1201), (3, 20), (0, 7), (30, 20)])
def test_the_released_course_is_torchs_annealing_times_a_warmup(warmup, horizon):
    optimiser = plain_sgd(0.7)
    annealing = LR.CosineAnnealingLR(optimiser, horizon)
    for epoch in range(horizon):
        rise = (epoch + 1) / warmup if epoch + 1 < warmup else 1.0
        expected = optimiser.param_groups[0]["lr"] * rise
        assert released_learning_rate(epoch, 0.7, warmup, horizon) == pytest.approx(expected, rel=1e-6, abs=1e-9)
        optimiser.step()
        annealing.step()
    assert released_learning_rate(horizon, 0.7, warmup, horizon) == 0.0
    assert released_learning_rate(2 * horizon, 0.7, warmup, horizon) == 0.0


def test_a_run_on_the_released_schedule_has_one_rate_an_epoch():
    run = Run(dataset="cifar10", schedule="released_code", epochs=1201)
    assert len({rate_of(run, 7, step, 48) for step in range(1, 49)}) == 1
    assert rate_of(run, 1, 48, 48) == pytest.approx(1.2 / 10)  # B = 1024, linear: a peak of 1.2
    assert max(rate_of(run, epoch, 1, 48) for epoch in range(1, 1202)) == rate_of(run, 10, 1, 48) < 1.2
    assert rate_of(run, 601, 1, 48) == pytest.approx(0.6, rel=1e-2)
    assert 0 < rate_of(run, 1201, 1, 48) < 1e-5


def test_a_run_on_the_usual_schedule_changes_its_rate_every_step():
    run = Run(dataset="cifar10", epochs=40, horizon_epochs=100, batch_size=256, learning_rate=2.0, warmup_epochs=4)
    course = [rate_of(run, epoch, step, 5) for epoch in range(1, 41) for step in range(1, 6)]
    assert course == [learning_rate(step, 5, 2.0, 4, 100) for step in range(200)]
    assert len(set(course)) > 195  # flat only at the peak


@pytest.mark.parametrize(("images", "published"), [(50_000, 29), (100_000, 58)])
def test_a_cosine_over_a_thousand_epochs_is_as_long_as_the_published_runs(images, published):
    """The sum of rate times trust coefficient is about 29 on CIFAR, 58 on Tiny-ImageNet."""
    run = Run(dataset="cifar100", schedule="released_code", epochs=1000)
    steps = images // run.batch_size
    rates = [rate_of(run, epoch, step, steps) for epoch in range(1, 1001) for step in range(1, steps + 1)]
    assert path_length(run, rates) == pytest.approx(published, rel=0.02)


@pytest.mark.parametrize(("optimiser", "expected"), [("sgd", 0.6), ("lars", 0.03)])
def test_the_path_of_plain_steps_is_the_sum_of_their_rates(optimiser, expected):
    run = Run(dataset="digits", optimiser=optimiser, trust_coefficient=0.05)
    assert path_length(run, iter([0.1, 0.2, 0.3])) == pytest.approx(expected)
    assert path_length(run, []) == 0.0
