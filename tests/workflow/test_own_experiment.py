"""An experiment whose name no table of the project knows has tables and a figure of its own."""

import re
from dataclasses import replace

import pandas as pd
import pytest

from pipeline.config.base import SettingsError, parse
from pipeline.config.params import Params
from pipeline.jobs.task import task, tasks
from pipeline.planning.expansion import plan
from pipeline.planning.layout import Layout


def planned(tmp_path, **experiments):
    found = plan(parse(Params, {"experiments": experiments}, "settings"))
    return found, list(tasks(found, Layout(tmp_path / "results", tmp_path / "reports")))


def digits(**values):
    return {"objectives": ["cl", "nscl"], "grid": [{"dataset": "digits", "encoder": "resnet10", **values}]}


def test_settings_of_ones_own_alone_ask_for_no_table_of_the_papers(tmp_path):
    _, found = planned(tmp_path, mine=digits(), other=digits(epochs=20))
    of = {}
    for one in found:
        of.setdefault(one.stage.name, []).append(one.subject)
    assert of["comparison"] == of["figure"] == ["mine", "other"]
    assert not {"table1", "table2", "metrics"} & set(of)
    assert of["report"] == [""]


def test_the_papers_experiments_have_no_second_table(tmp_path):
    _, found = planned(tmp_path, table1=digits(), temperature=digits(temperature=[0.1, 0.5]))
    assert "comparison" not in {one.stage.name for one in found}


def test_a_file_of_ones_own_is_seen_from_where_commands_are_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params").mkdir()
    experiment = {**digits(), "objectives": ["cl", "mine.py:loss"]}
    settings = parse(Params, {"experiments": {"mine": experiment}}, "params/flowers.yaml")
    encoder = parse(Params, {"experiments": {"mine": digits(encoder="mine.py:build")}}, "params/flowers.yaml")
    (tmp_path / "params" / "mine.py").write_text("def loss(z1, z2, labels, temperature):\n    return z1.sum()\n")
    for wrong in (settings, encoder):
        with pytest.raises(SettingsError, match=rf"there is no file {re.escape(str(tmp_path))}/mine\.py, expected"):
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
    (report,) = (one for one in tasks(left, Layout(tmp_path, tmp_path)) if one.stage.name == "report")
    assert report.job.diverged == {f"{lost[0].name} (of wild)": "the loss of cl became nan"}


@pytest.mark.parametrize("values", [{"subset_seed": None, "classes": 2}, {}])
def test_no_figure_where_cl_of_other_seeds_cannot_be_compared(tmp_path, values):
    without_cl = {} if values else {"objectives": ["scl", "ce"]}
    _, found = planned(tmp_path, mine={**digits(**values), **without_cl})
    stages = {one.stage.name for one in found}
    assert "comparison" in stages
    assert "figure" not in stages


def test_settings_that_cannot_stand_in_one_table_are_refused(tmp_path):
    with pytest.raises(SettingsError, match=r"experiments\.mine: .* differ in more than the seed"):
        planned(tmp_path, mine=digits(temperature=[0.1, 0.5]))


def test_published_values_stand_beside_the_same_data_only(tmp_path):
    found, _ = planned(tmp_path, mine=digits(dataset="cifar10"), part=digits(dataset="cifar10", classes=5))
    layout = Layout(tmp_path, tmp_path)
    assert task("comparison", "mine", found, layout).job.published_classes == {"cifar10": 10}
    assert task("comparison", "part", found, layout).job.published_classes == {}


def test_the_same_runs_give_the_same_numbers_under_either_name(finished):
    reports = finished.path / "reports"
    for own, paper in (("accuracy", "table1"), ("agreement", "table2")):
        ours = pd.read_csv(reports / "comparisons" / "mine" / f"{own}.csv")
        theirs = pd.read_csv(reports / f"{paper}.csv").query("status == 'measured'")
        keys = [name for name in ("objective", "probe", "first", "second", "split", "measure") if name in ours]
        pd.testing.assert_frame_equal(
            ours.sort_values(keys, ignore_index=True),
            theirs.sort_values(keys, ignore_index=True),
            check_dtype=False,
        )
    drawn = pd.read_csv(reports / "figures" / "mine.csv")
    pd.testing.assert_frame_equal(drawn, pd.read_csv(reports / "figures" / "fig2_trajectory.csv"))
    page = (reports / "report.html").read_text()
    assert page.count('id="mine"') == 1
    assert "Not run: it needs" not in page


@pytest.fixture(scope="module")
def alone(sources, tmp_path_factory):
    """Settings of one's own, in a file of their own, without any of the paper's experiments."""
    project = sources.copy(tmp_path_factory.mktemp("alone") / "twins")
    text = (project.path / "params.yaml").read_text()
    top = re.sub(r"(results|reports): (\w+)\n", r"\1: \2/mine\n", text.partition("experiments:")[0])
    (project.path / "mine.yaml").write_text(
        f"{top}experiments:\n  mine:\n    objectives:\n      - cl\n      - nscl\n"
        "      - {objective: nscl, labels: parity.csv}\n      - {objective: ce, labels: random/2}\n    grid:\n"
        "      - {dataset: digits, classes: 4, epochs: 1, seed: [0, 1]}\n"
    )
    rows = "".join(f"{digit},{'odd' if digit % 2 else 'even'}\n" for digit in range(10))
    (project.path / "parity.csv").write_text(f"class,group\n{rows}")
    project.run("snakemake", "--cores", "2", "all", "--configfile", "mine.yaml")
    return project


def test_alone_it_has_tables_a_figure_and_a_page_without_what_was_not_run(alone):
    reports = alone.path / "reports" / "mine"
    assert set(pd.read_csv(reports / "comparisons" / "mine" / "accuracy.csv")["status"]) == {"measured"}
    assert {path.name for path in (reports / "figures").iterdir()} == {"mine.csv", "mine.png", "mine.pdf"}
    page = (reports / "report.html").read_text()
    headings = re.findall(r"<h2[^>]*>([^<]*)", page)
    assert {"How it was measured", "Experiments under names of their own"} <= set(headings)
    assert "<h3>mine</h3>" in page
    assert not {"The claims", "What moves the alignment", "What was not run", "All claims"} & set(headings)
    assert "all as these settings" in alone.pipeline("verify", "--params", "mine.yaml")


def test_twins_with_groups_stand_in_its_tables_and_another_map_trains_them_again(alone):
    reports = alone.path / "reports" / "mine"
    accuracy = pd.read_csv(reports / "comparisons" / "mine" / "accuracy.csv")
    assert set(accuracy["objective"]) >= {"cl", "nscl", "nscl_parity", "ce_random_2"}
    drawn = pd.read_csv(reports / "figures" / "mine.csv")
    assert {"nscl_parity", "ce_random_2"} <= set(drawn["second"])
    page = (reports / "report.html").read_text()
    assert "NSCL PARITY" in page
    dry = ("snakemake", "--dry-run", "--quiet", "host", "--configfile", "mine.yaml")
    assert "twins" not in alone.run(*dry)
    alone.edit("parity.csv", "9,odd", "9,even")
    assert "twins" in alone.run(*dry)
    alone.edit("parity.csv", "9,even", "9,odd")
    assert "twins" not in alone.run(*dry)
