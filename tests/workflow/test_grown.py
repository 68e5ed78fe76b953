"""What is said of finished runs that settings ask for something else."""

import pytest

from pipeline.settings.base import parse
from pipeline.settings.experiments import Params
from pipeline.workflow.grown import trained_again
from pipeline.workflow.layout import Layout
from pipeline.workflow.plan import plan
from pipeline.workflow.records import task, tasks, write_record

DIGITS = {"dataset": "digits", "epochs": 4, "warmup_epochs": 0, "seed": [0, 1]}


def planned(tmp_path, objectives, checkpoints="last"):
    experiment = {"objectives": objectives, "checkpoints": checkpoints, "grid": [DIGITS]}
    return plan(parse(Params, {"experiments": {"table1": experiment}}, "settings")), Layout(tmp_path, tmp_path)


@pytest.fixture
def finished(tmp_path):
    """One of two runs has a record."""
    made, layout = planned(tmp_path, ["cl", "nscl"])
    (first, _) = made.requests
    one = task("twins", first.name, made, layout)
    write_record(one.record, one.but_for_inputs({"inputs": {}}))
    return tmp_path


def said(folder, *asked):
    return trained_again(tasks(*planned(folder, *asked)))


def test_nothing_is_said_where_nothing_changed_or_nothing_is_finished(finished, tmp_path):
    assert said(finished, ["cl", "nscl"]) == ""
    assert said(tmp_path / "elsewhere", ["cl", "nscl", "ce"]) == ""


def test_a_new_objective_is_named_with_all_that_trains_again(finished):
    found = said(finished, ["cl", "nscl", "ce"])
    assert found.startswith("1 finished run trains again from the start, all 3 twins, ")
    assert "(with ce)" in found


def test_what_is_left_out_and_other_epochs_are_named_too(finished):
    assert "(without nscl, with epoch 1, with epoch 2)" in said(finished, ["cl"], "log_spaced")
