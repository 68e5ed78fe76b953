"""An experiment whose name no table of the project knows has its own tables and figure."""

import re
from dataclasses import replace

import pandas as pd
import pytest

from pipeline.config.base import SettingsError, parse
from pipeline.config.params import Params
from pipeline.jobs.task import task_of, tasks_of
from pipeline.planning.expansion import plan
from pipeline.planning.layout import Layout


def planned(tmp_path, **experiments):
    found = plan(parse(Params, {"experiments": experiments}, "settings"))
    return found, list(tasks_of(found, Layout(tmp_path / "results", tmp_path / "reports")))


def digits(**values):
    return {"objectives": ["cl", "nscl"], "grid": [{"dataset": "digits", "encoder": "resnet10", **values}]}


def stages(found):
    subjects = {}
    for planned_task in found:
        subjects.setdefault(planned_task.stage.name, []).append(planned_task.subject)
    return subjects


def test_custom_experiments_have_a_comparison_and_the_papers_their_tables(tmp_path):
    custom = stages(planned(tmp_path, mine=digits(), other=digits(epochs=20))[1])
    assert custom["comparison"] == custom["figure"] == ["mine", "other"]
    assert not {"table1", "table2", "metrics"} & custom.keys()
    assert custom["report"] == [""]
    paper = stages(planned(tmp_path, table1=digits(), temperature=digits(temperature=[0.1, 0.5]))[1])
    assert "comparison" not in paper


@pytest.mark.parametrize("values", [{"subset_seed": None, "classes": 2}, {}])
def test_no_figure_where_cl_of_other_seeds_cannot_be_compared(tmp_path, values):
    without_cl = {} if values else {"objectives": ["scl", "ce"]}
    found = stages(planned(tmp_path, mine={**digits(**values), **without_cl})[1])
    assert "comparison" in found
    assert "figure" not in found


def test_a_custom_file_is_seen_from_where_commands_are_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params").mkdir()
    experiment = {**digits(), "objectives": ["cl", "mine.py:loss"]}
    settings = parse(Params, {"experiments": {"mine": experiment}}, "params/flowers.yaml")
    encoder = parse(Params, {"experiments": {"mine": digits(encoder="mine.py:build")}}, "params/flowers.yaml")
    (tmp_path / "params" / "mine.py").write_text("def loss(z1, z2, labels, temperature):\n    return z1.sum()\n")
    for wrong in (settings, encoder):
        with pytest.raises(SettingsError, match=rf"there is no file {re.escape(str(tmp_path))}/mine\.py"):
            plan(wrong)
    (tmp_path / "params" / "mine.py").rename(tmp_path / "mine.py")
    (request,) = plan(settings).requests.values()
    assert request.names == ("cl", "mine.loss")


def test_an_experiment_that_lost_all_its_runs_is_named_by_the_report(tmp_path):
    found, _ = planned(tmp_path, mine=digits(), wild=digits(learning_rate=1e30))
    lost = found.experiments["wild"]
    left = replace(
        found,
        requests={run: request for run, request in found.requests.items() if run not in lost},
        experiments={"mine": found.experiments["mine"]},
        diverged=dict.fromkeys(lost, "the loss of cl became nan"),
        lost={"mine": (), "wild": lost},
    )
    report = task_of("report", "", left, Layout(tmp_path, tmp_path))
    assert report.job.diverged == {f"{lost[0].name} (of wild)": "the loss of cl became nan"}


def test_settings_that_cannot_share_one_table_are_refused(tmp_path):
    with pytest.raises(SettingsError, match=r"experiments\.mine: .* differ in more than the seed"):
        planned(tmp_path, mine=digits(temperature=[0.1, 0.5]))


def test_published_values_are_shown_with_the_same_data_only(tmp_path):
    found, _ = planned(tmp_path, mine=digits(dataset="cifar10"), part=digits(dataset="cifar10", classes=5))
    layout = Layout(tmp_path, tmp_path)
    assert task_of("comparison", "mine", found, layout).job.published_classes == {"cifar10": 10}
    assert task_of("comparison", "part", found, layout).job.published_classes == {}


@pytest.fixture(scope="module")
def alone(sources, tmp_path_factory):
    """Custom settings in their own file, without any of the paper's experiments."""
    project = sources.copy(tmp_path_factory.mktemp("alone") / "twins")
    text = (project.path / "params.yaml").read_text()
    top = re.sub(r"(results|reports): (\w+)\n", r"\1: \2/mine\n", text.partition("experiments:")[0])
    (project.path / "mine.yaml").write_text(
        f"{top}experiments:\n  mine:\n    objectives: [cl, nscl]\n    grid:\n"
        "      - {dataset: digits, classes: 4, epochs: 1, seed: [0, 1]}\n"
    )
    project.run("snakemake", "--cores", "2", "all", "--configfile", "mine.yaml")
    return project


@pytest.mark.long
def test_alone_it_has_tables_a_figure_and_a_page_without_what_was_not_run(alone):
    reports = alone.path / "reports" / "mine"
    assert set(pd.read_csv(reports / "comparisons" / "mine" / "accuracy.csv")["status"]) == {"measured"}
    assert {path.name for path in (reports / "figures").iterdir()} == {"mine.csv", "mine.png", "mine.pdf"}
    page = (reports / "report.html").read_text()
    headings = re.findall(r"<h2[^>]*>([^<]*)", page)
    assert {"How it was measured", "Experiments under names of their own"} <= set(headings)
    assert "<h3>mine</h3>" in page
    assert not {"The claims", "What moves the alignment", "What was not run", "All claims"} & set(headings)
    assert alone.stale("--params", "mine.yaml") == []
