"""Sentences on finished runs: that they train again, that code was edited, that versions differ."""

import pytest

from pipeline.config.base import parse
from pipeline.config.params import Params
from pipeline.jobs import code
from pipeline.jobs.notes import edited_code_notice, mixture_note, retraining_notice
from pipeline.jobs.records import write_record
from pipeline.jobs.task import task_of, tasks_of
from pipeline.planning.expansion import plan
from pipeline.planning.layout import Layout

DIGITS = {"dataset": "digits", "encoder": "resnet10", "epochs": 4, "warmup_epochs": 0, "seed": [0, 1]}
LOSS = "from scales import scale\ndef loss(z1, z2, labels, t):\n    return scale * (z1 - z2).square().mean()\n"


def planned(folder, objectives=("cl", "nscl"), checkpoints="last", **settings):
    experiment = {"objectives": list(objectives), "checkpoints": checkpoints, "grid": [{**DIGITS, **settings}]}
    return plan(parse(Params, {"experiments": {"table1": experiment}}, "settings")), Layout(folder, folder)


def first_run(folder, *args, **settings):
    made, layout = planned(folder, *args, **settings)
    return task_of("twins", next(iter(made.requests)).name, made, layout)


def record(run, **changes):
    whole = {"stage": "twins", "subject": run.subject, **run.decided_by, "inputs": {}, "watched": run.watched()}
    write_record(run.place.record, {**whole, **changes})


@pytest.fixture
def folder(tmp_path):
    """Results of which one of two runs has a record."""
    record(first_run(tmp_path))
    return tmp_path


def notice(folder, *wanted):
    return retraining_notice(tasks_of(*planned(folder, *wanted)))


def test_there_is_no_sentence_where_nothing_changed_or_nothing_is_finished(folder):
    assert notice(folder) == ""
    assert notice(folder / "elsewhere", ["cl", "nscl", "ce"]) == ""


def test_new_and_missing_objectives_and_epochs_are_named_with_the_cost(folder):
    found = notice(folder, ["cl", "nscl", "ce"])
    assert found.startswith("1 finished run trains again from the start (with ce): 3 twins, about ")
    assert "minutes" in found
    assert "(without nscl, with epoch 1, with epoch 2)" in notice(folder, ["cl"], "log_spaced")


def test_a_raised_version_is_named(folder):
    record(first_run(folder), code={"VERSION": "0"})
    assert "(VERSION changed)" in notice(folder)


def test_a_new_setting_changes_nothing_at_its_default(folder):
    def without(job):
        return {**job, "run": {key: value for key, value in job["run"].items() if key != "max_grad_norm"}}

    run = first_run(folder)
    record(run, settings=without(run.decided_by["settings"]))
    assert notice(folder) == ""
    assert '"max_grad_norm"' not in run.told_to_snakemake()
    clipped = first_run(folder, max_grad_norm=1.0)
    record(clipped, settings=without(clipped.decided_by["settings"]))
    assert "max_grad_norm was missing, is 1.0" in retraining_notice([clipped])


def test_a_custom_loss_and_what_it_imports_decide_the_runs_that_use_them_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = {"mine.py": LOSS, "scales.py": "scale = 1.0\n", "unused.py": "x = 1\n"}

    def custom(**edited):
        for name, text in {**files, **edited}.items():
            (tmp_path / name).write_text(text)
        for cached in (code._identity, code.file_identity, code._tree, code._imports):
            cached.cache_clear()
        return first_run(tmp_path, ["cl", "mine.py:loss"])

    run = custom()
    record(run)
    assert retraining_notice([custom(**{"unused.py": "x = 2\n"})]) == ""
    for name, text in (("mine.py", LOSS.replace("square", "abs")), ("scales.py", "scale = 2.0\n")):
        edited = custom(**{name: text})
        assert f"({name} changed)" in retraining_notice([edited])
        assert edited.told_to_snakemake() != run.told_to_snakemake()
    assert custom().told_to_snakemake() == run.told_to_snakemake()


def test_edited_code_under_the_same_version_is_named_with_files_and_counts(folder):
    every = list(tasks_of(*planned(folder)))
    assert edited_code_notice(every) == ""
    (trained,) = (run for run in every if run.stage.is_training and run.recorded())
    record(trained, watched={**trained.watched(), "twin_alignment/losses/contrastive.py": "of other code"})
    found = edited_code_notice(every)
    assert found.startswith("twin_alignment/losses/contrastive.py was edited since")
    assert "(1 of twins)" in found
    assert "raise VERSION in pipeline/stages/twins.py" in found


def test_versions_and_processors_that_meet_in_a_table_are_named_with_their_numbers_of_runs():
    def made(torch, processor):
        packages = {"torch": torch, "numpy": "2.4.6"}
        return {
            "made": {
                "python": "3.11.7",
                "packages": packages,
                "machine": {"processor": processor, "accelerator": "none"},
            }
        }

    intel, amd = made("2.13.0", "Intel"), made("2.14.1", "AMD")
    assert mixture_note([intel] * 3) == ""
    assert mixture_note([intel, intel, amd]) == (
        "The runs of this table were made by different torch 2.13.0 (2), 2.14.1 (1); processor Intel (2), AMD (1) "
        "(number of runs)."
    )
