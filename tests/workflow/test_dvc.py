"""DVC next to Snakemake: it hashes what is there, and what it brings back is accepted only where it belongs."""

import json

import pandas as pd
import pytest
import yaml

from pipeline.config.params import read_params
from pipeline.jobs.task import tasks_of
from pipeline.planning.expansion import plan
from tests.workflow.conftest import LAYOUT, ROOT, Project


def checkpoint_times(project):
    return {path: path.stat().st_mtime_ns for path in (project.path / "results" / "runs").rglob("*.safetensors")}


@pytest.fixture(scope="module")
def reproduced(finished, tmp_path_factory):
    """After `snakemake` and then `dvc repro`, committed and pushed to a local remote."""
    folder = tmp_path_factory.mktemp("dvc")
    project = finished.copy(folder / "twins")
    before = checkpoint_times(project)
    project.run("dvc", "repro")
    assert checkpoint_times(project) == before  # nothing was trained again
    project.run("dvc", "remote", "add", "--quiet", "--default", "local", str(folder / "remote"))
    project.run("dvc", "push", "--quiet")
    project.run("git", "add", "dvc.lock", ".dvc/config")
    project.run("git", "commit", "--quiet", "--message", "results")
    return project


@pytest.fixture
def clone(reproduced, tmp_path):
    reproduced.run("git", "clone", "--quiet", str(reproduced.path), str(tmp_path / "twins"))
    clone = Project(tmp_path / "twins")
    clone.run("dvc", "pull", "--quiet")
    return clone


def test_its_outs_are_all_that_the_default_makes_and_its_code_whole_folders():
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    kept = {out for stage in stages.values() for part in ("outs", "metrics") for o in stage.get(part, []) for out in o}
    for task in tasks_of(plan(read_params(ROOT / "params.yaml")), LAYOUT):
        for path in (task.place.record, *task.place.outputs.values(), *task.place.declared.values()):
            assert kept & {str(path), *map(str, path.parents)}, path
    shared = set.intersection(*(set(stage["deps"]) for stage in stages.values()))
    assert shared >= {"pipeline", "twin_alignment", "workflow", "Snakefile"}


@pytest.mark.long
def test_after_repro_neither_it_nor_snakemake_has_anything_to_do(reproduced):
    output = reproduced.run("dvc", "repro")
    assert output.count("didn't change, skipping") == 3
    assert "Running stage" not in output
    assert reproduced.planned() == set()


@pytest.mark.long
def test_a_clone_pulls_the_results_and_retrains_nothing(clone):
    for file in ("table1.csv", "figures/mine.png", "comparisons/mine/accuracy.csv", "report.html"):
        assert (clone.path / "reports" / file).is_file()
    assert clone.stale() == []
    clone.run("snakemake", "--quiet", "--touch", "--cores", "1", "all")
    before = checkpoint_times(clone)
    assert len(before) == 2 * 2 * 2  # seeds, objectives, epochs
    assert clone.planned() == set()
    clone.run("snakemake", "--cores", "2", "reports/table1.csv")
    assert checkpoint_times(clone) == before
    clone.edit("pipeline/stages/twins.py", "VERSION = ", "VERSION = 1")
    stale = clone.stale()
    assert any(line.startswith("twins digits/classes=4") for line in stale)
    assert not any(line.startswith("prepare") for line in stale)


@pytest.mark.long
def test_metrics_and_plots_are_what_a_user_of_dvc_expects(reproduced, tmp_path):
    metrics = json.loads(reproduced.run("dvc", "metrics", "show", "--json"))[""]["data"]["reports/metrics.json"]["data"]
    assert 0 <= metrics["accuracy"]["digits-4"]["cl"]["lp"] <= 100
    assert 0 <= metrics["similarity_with_cl"]["digits-4"]["nscl"]["cka"] <= 1
    assert sum(metrics["verdicts"].values()) == len(pd.read_csv(reproduced.path / "reports" / "claims.csv"))
    shown = reproduced.run("dvc", "plots", "show", "--out", str(tmp_path / "plots"), "reports/plots/digits.csv")
    assert "index.html" in shown
    assert "cka_nscl" in (tmp_path / "plots" / "index.html").read_text()


@pytest.mark.long
def test_an_experiment_on_a_parameter_runs_and_is_compared(clone):
    clone.run("snakemake", "--quiet", "--touch", "--cores", "1", "all")
    before = json.loads((clone.path / "reports" / "metrics.json").read_text())
    clone.run("dvc", "exp", "run", "--quiet", "--name", "warmer", "--set-param", "training.temperature=1.0")
    after = json.loads((clone.path / "reports" / "metrics.json").read_text())
    assert after["similarity_with_cl"] != before["similarity_with_cl"]
    shown = clone.run("dvc", "exp", "show", "--csv")
    assert "warmer" in shown
    assert "training.temperature" in shown
