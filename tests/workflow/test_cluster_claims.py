"""Memory and time that jobs ask of a cluster."""

from pathlib import Path

import pytest

from pipeline.config.base import parse
from pipeline.config.params import Params
from pipeline.jobs.chain import STAGES
from pipeline.jobs.cluster_requests import MINIMUM, UNKNOWN, Request, estimate_resources
from pipeline.jobs.cost import CORE, GPU, run_cost
from pipeline.jobs.task import task_of
from pipeline.planning.expansion import plan
from pipeline.planning.layout import Layout

LAYOUT = Layout(Path("nowhere/results"), Path("nowhere/reports"))
RUN = {"encoder": "resnet18", "batch_size": 1000, "epochs": 300, "warmup_epochs": 0, "seed": 0}


def planned(dataset="cifar100", stage="twins", **training):
    """Return the task of a stage of a plan of one run, and the cost of that run."""
    values = {"experiments": {"table1": {"grid": [{"dataset": dataset, **RUN, **training}]}}}
    if dataset == "mine":
        values["datasets"] = {"mine": {"source": "folder", "paths": ["mine"], "classes": 5}}
    found = plan(parse(Params, values, "settings"))
    (run,) = found.requests
    cost = None if dataset == "mine" else run_cost(found, LAYOUT, run)
    return task_of(stage, run.name if STAGES[stage].subject == "run" else "", found, LAYOUT), cost


def test_a_run_asks_for_three_times_what_it_is_expected_to_cost_and_every_attempt_for_as_much_more():
    job, cost = planned()
    core, four, gpu = (estimate_resources(job, *machine, 1) for machine in ((False, 1), (False, 4), (True, 1)))
    assert core.minutes == pytest.approx(3 * cost.operations / CORE.rate / 60, rel=1e-3)
    assert gpu.minutes == pytest.approx(3 * cost.operations / GPU.rate / 60, rel=1e-2)
    assert four.minutes == pytest.approx(core.minutes / 4, rel=1e-3)
    steps = 3 * cost.step_bytes / 2**20  # on a GPU they are in its own memory
    assert core.memory - gpu.memory == pytest.approx(steps, abs=2)
    assert four.memory - core.memory == pytest.approx(3 * steps, abs=2)  # four twins side by side
    for attempt in (2, 3):
        assert estimate_resources(job, False, 1, attempt) == Request(core.memory * attempt, core.minutes * attempt)


def test_more_epochs_take_more_time_and_larger_batches_more_memory():
    usual, longer, larger = (
        estimate_resources(planned(**more)[0], False, 1, 1) for more in ({}, {"epochs": 600}, {"batch_size": 2000})
    )
    assert longer.minutes > 1.9 * usual.minutes
    assert longer.memory == usual.memory
    assert larger.memory > 1.5 * usual.memory


def test_what_a_step_keeps_is_what_its_convolutions_read_at_least():
    kept = planned(epochs=1)[1].step_bytes
    inputs = 32 * 32 * (3 + 64 * 4) + 16 * 16 * (128 * 3) + 8 * 8 * (256 * 3) + 4 * 4 * (512 * 3)  # by hand, per image
    assert 2 * 1000 * 4 * inputs < kept < 5 * 2 * 1000 * 4 * inputs
    assert planned(epochs=1, batch_size=500)[1].step_bytes == pytest.approx(kept / 2)


def test_unknown_images_ask_for_much_and_a_table_for_little():
    assert estimate_resources(planned(dataset="mine")[0], False, 1, 1) == UNKNOWN
    assert estimate_resources(planned(stage="table1")[0], False, 1, 1) == MINIMUM
