"""What is said of finished runs: that they train again, that code was edited, that versions differ."""

import pytest

from pipeline.config.base import parse
from pipeline.config.params import Params
from pipeline.jobs import code
from pipeline.jobs.notes import edited_code_notice, mixture_note, retraining_notice
from pipeline.jobs.records import write_record
from pipeline.jobs.task import task, tasks
from pipeline.planning.expansion import plan
from pipeline.planning.layout import Layout

DIGITS = {"dataset": "digits", "encoder": "resnet10", "epochs": 4, "warmup_epochs": 0, "seed": [0, 1]}


def planned(tmp_path, objectives, checkpoints="last", **settings):
    experiment = {"objectives": objectives, "checkpoints": checkpoints, "grid": [{**DIGITS, **settings}]}
    return plan(parse(Params, {"experiments": {"table1": experiment}}, "settings")), Layout(tmp_path, tmp_path)


def record(one, **changes):
    whole = {"stage": one.stage.name, "subject": one.subject, **one.decided_by, "inputs": {}, "watched": one.watched()}
    write_record(one.place.record, {**whole, **changes})


@pytest.fixture
def finished(tmp_path):
    """One of two runs has a record."""
    made, layout = planned(tmp_path, ["cl", "nscl"])
    (first, _) = made.requests
    record(task("twins", first.name, made, layout))
    return tmp_path


def notice(folder, *wanted):
    return retraining_notice(tasks(*planned(folder, *wanted)))


def test_nothing_is_said_where_nothing_changed_or_nothing_is_finished(finished, tmp_path):
    assert notice(finished, ["cl", "nscl"]) == ""
    assert notice(tmp_path / "elsewhere", ["cl", "nscl", "ce"]) == ""


def test_a_new_objective_is_named_with_all_that_trains_again_and_its_cost(finished):
    found = notice(finished, ["cl", "nscl", "ce"])
    assert found.startswith("1 finished run trains again from the start (with ce): 3 twins, about ")
    assert "minutes" in found


def test_what_is_left_out_and_other_epochs_are_named_too(finished):
    assert "(without nscl, with epoch 1, with epoch 2)" in notice(finished, ["cl"], "log_spaced")


def test_a_raised_version_is_named(finished):
    made, layout = planned(finished, ["cl", "nscl"])
    (first, _) = made.requests
    one = task("twins", first.name, made, layout)
    record(one, code={"VERSION": "0"})
    assert "(VERSION changed)" in notice(finished, ["cl", "nscl"])


def test_a_setting_that_came_into_the_project_since_changes_nothing_at_its_default(finished):
    made, layout = planned(finished, ["cl", "nscl"])
    (first, _) = made.requests
    one = task("twins", first.name, made, layout)
    then = one.job.model_dump(mode="json")
    old = {
        **then,
        "run": {key: value for key, value in then["run"].items() if key != "max_grad_norm"},
    }  # None by default
    record(one, settings=old)
    assert notice(finished, ["cl", "nscl"]) == ""
    assert '"max_grad_norm"' not in one.told_to_snakemake()
    clipped, _ = planned(finished, ["cl", "nscl"], max_grad_norm=1.0)
    (first, _) = clipped.requests
    other = task("twins", first.name, clipped, layout)
    record(
        other,
        settings=old
        | {"run": {key: v for key, v in other.decided_by["settings"]["run"].items() if key != "max_grad_norm"}},
    )
    assert "max_grad_norm was missing, is 1.0" in retraining_notice([other])


def test_edited_code_under_the_same_version_is_said_with_files_and_counts(finished, monkeypatch):
    every = list(tasks(*planned(finished, ["cl", "nscl"])))
    assert edited_code_notice(every) == ""
    now = code.watched_identity(every[0].stage.watches)
    (trained,) = (one for one in every if one.stage.is_training and one.recorded())
    record(trained, watched={**trained.watched(), "twin_alignment/losses/contrastive.py": "of other code"})
    found = edited_code_notice(every)
    assert found.startswith("twin_alignment/losses/contrastive.py was edited since")
    assert "(1 of twins)" in found
    assert "raise VERSION in pipeline/stages/twins.py" in found
    assert now is not None


MADE = {
    "python": "3.11.7",
    "packages": {"torch": "2.13.0", "numpy": "2.4.6"},
    "machine": {"processor": "Intel", "accelerator": "none"},
}


def test_versions_and_processors_that_meet_in_a_table_are_named_with_their_numbers_of_runs():
    assert mixture_note([{"made": MADE}] * 3) == ""
    other = {
        **MADE,
        "packages": {"torch": "2.14.1", "numpy": "2.4.6"},
        "machine": {**MADE["machine"], "processor": "AMD"},
    }
    assert mixture_note([{"made": MADE}, {"made": MADE}, {"made": other}]) == (
        "The runs of this table were made by different torch 2.13.0 (2), 2.14.1 (1); processor Intel (2), AMD (1) "
        "(number of runs)."
    )
