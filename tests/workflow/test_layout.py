"""Names of runs as paths."""

from pathlib import Path

import pytest

from pipeline.settings.experiments import read_params
from pipeline.settings.run import Run
from pipeline.workflow.layout import Layout, folded, unfolded
from pipeline.workflow.plan import plan

ROOT = Path(__file__).parents[2]
LONGEST_NAME = max((run.name for run in plan(read_params(ROOT / "params" / "released_code.yaml")).requests), key=len)


def test_a_name_is_folded_after_commas_only_where_it_is_too_long():
    assert folded("digits/classes=4,seed=0") == "digits/classes=4,seed=0"
    assert folded("fig2_trajectory") == "fig2_trajectory"
    assert folded("{subject}") == "{subject}"
    head, tail = "d/" + "a" * 98 + ",", "b" * 98 + ","
    assert folded(f"{head}{tail}end=1") == f"{head}{tail}/end=1"


@pytest.mark.parametrize("file", ["released_code.yaml", "paper.yaml"])
def test_no_two_names_are_one_path_and_each_is_found_again(file):
    names = [run.name for run in plan(read_params(ROOT / "params" / file)).requests]
    assert len({folded(name) for name in names}) == len(names)
    assert [unfolded(folded(name)) for name in names] == names


def test_a_run_of_many_settings_can_be_written(tmp_path):
    """Systems allow 255 bytes between two slashes."""
    with pytest.raises(OSError, match="File name too long"):
        (tmp_path / LONGEST_NAME.split("/")[1]).touch()
    layout = Layout(tmp_path / "results", tmp_path / "reports")
    for path in (layout.record("twins", LONGEST_NAME), layout.path("{results}/steps/{subject}.csv.gz", LONGEST_NAME)):
        path.parent.mkdir(parents=True)
        path.with_name(f".{path.name}.tmp").touch()
        path.touch()


def test_the_workflow_makes_a_run_of_many_settings(project):
    text = (
        "denominator: released_code, batches: class_weighted, horizon_epochs: 1201, schedule: released_code, "
        "learning_rate_rule: fourth_root_published, lars_exclude: none, clip: 1.0, trust: 0.02, seed: 0"
    )
    project.edit(
        "params.yaml",
        "mine: {objectives: [nscl, cl], grid: *same}",
        f"""mine:
    objectives: [nscl, cl]
    grid: [{{dataset: digits, classes: 4, epochs: 1, {text}}}]""",
    )
    (name,) = [line.split("\t")[0] for line in project.pipeline("runs").splitlines() if "released_code" in line]
    steps = project.path / "results" / "steps" / f"{folded(name)}.csv.gz"
    assert ",/" in folded(name)
    project.run("snakemake", "--cores", "1", "--", str(steps.relative_to(project.path)))
    assert steps.is_file()
    assert "twins" not in project.planned("trained")
    assert Run.from_name(name).clip == 1.0
