"""What jobs ask of a cluster, and how its machines are told which job is theirs."""

from pathlib import Path

import pytest

from pipeline.config.base import parse
from pipeline.config.params import Params
from pipeline.jobs.chain import STAGES
from pipeline.jobs.cluster_requests import LEAST, UNKNOWN, Claim, claim
from pipeline.jobs.cost import CORE, GPU, run_cost
from pipeline.jobs.task import task
from pipeline.planning.expansion import plan
from pipeline.planning.layout import Layout

ROOT = Path(__file__).parents[2]
LAYOUT = Layout(Path("nowhere/results"), Path("nowhere/reports"))


def planned(dataset="cifar100", **training):
    """A plan of one run, and the task of a stage of it."""
    grid = [
        {
            "dataset": dataset,
            "encoder": "resnet18",
            "batch_size": 1000,
            "epochs": 300,
            "warmup_epochs": 0,
            "seed": 0,
            **training,
        }
    ]
    datasets = (
        {"datasets": {"mine": {"source": "folder", "paths": ["mine"], "classes": 5}}} if dataset == "mine" else {}
    )
    found = plan(parse(Params, {**datasets, "experiments": {"table1": {"grid": grid}}}, "settings"))
    (run,) = found.requests
    return found, run, lambda stage: task(stage, run.name if STAGES[stage].subject == "run" else "", found, LAYOUT)


def test_a_run_asks_for_three_times_what_it_is_expected_to_cost_and_every_attempt_for_as_much_more():
    settings, run, one = planned()
    cost = run_cost(settings, LAYOUT, run)
    core, four, card = (claim(one("twins"), *machine, 1) for machine in ((False, 1), (False, 4), (True, 1)))
    assert core.minutes == pytest.approx(3 * cost.operations / CORE.rate / 60, rel=1e-3)
    assert card.minutes == pytest.approx(3 * cost.operations / GPU.rate / 60, rel=1e-2)
    assert four.minutes == pytest.approx(core.minutes / 4, rel=1e-3)
    steps = 3 * cost.step_bytes / 2**20  # on a card they lie in its own memory
    assert core.memory - card.memory == pytest.approx(steps, abs=2)
    assert four.memory - core.memory == pytest.approx(3 * steps, abs=2)  # four twins side by side
    for attempt in (2, 3):
        assert claim(one("twins"), False, 1, attempt) == Claim(core.memory * attempt, core.minutes * attempt)


def test_more_epochs_take_more_time_and_larger_batches_more_memory():
    first, longer, larger = (
        claim(planned(**more)[2]("twins"), False, 1, 1) for more in ({}, {"epochs": 600}, {"batch_size": 2000})
    )
    assert longer.minutes > 1.9 * first.minutes
    assert longer.memory == first.memory
    assert larger.memory > 1.5 * first.memory


def test_what_a_step_keeps_grows_with_the_batch_and_is_what_its_convolutions_read_at_least():
    settings, run, _ = planned(epochs=1)
    kept = run_cost(settings, LAYOUT, run).step_bytes
    inputs = 32 * 32 * (3 + 64 * 4) + 16 * 16 * (128 * 3) + 8 * 8 * (256 * 3) + 4 * 4 * (512 * 3)  # by hand, per image
    assert 2 * 1000 * 4 * inputs < kept < 5 * 2 * 1000 * 4 * inputs
    settings, run, _ = planned(epochs=1, batch_size=500)
    assert run_cost(settings, LAYOUT, run).step_bytes == pytest.approx(kept / 2)


def test_what_is_not_known_asks_for_much_and_a_table_for_little():
    _, _, uncounted = planned(dataset="mine")
    assert claim(uncounted("twins"), False, 1, 1) == UNKNOWN
    assert claim(planned()[2]("table1"), False, 1, 1) == LEAST
