"""DVC beside Snakemake: it hashes what is there, and what it brings back is accepted only where it belongs."""

import pytest

PULLED = ("python", "-m", "pipeline", "verify"), ("snakemake", "--quiet", "--touch", "--cores", "1", "all")


def checkpoint_times(project):
    return {path: path.stat().st_mtime_ns for path in (project.path / "results" / "checkpoints").rglob("*.safetensors")}


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


def test_a_second_repro_runs_nothing(reproduced):
    output = reproduced.run("dvc", "repro")
    assert output.count("didn't change, skipping") == 3
    assert "Running stage" not in output


def test_snakemake_has_nothing_to_do_after_repro(reproduced):
    assert reproduced.planned() == set()


def test_a_clone_pulls_the_results_and_retrains_nothing(reproduced, tmp_path):
    reproduced.run("git", "clone", "--quiet", str(reproduced.path), str(tmp_path / "twins"))
    clone = type(reproduced)(tmp_path / "twins")
    clone.run("dvc", "pull", "--quiet")
    for command in PULLED:
        clone.run(*command)
    before = checkpoint_times(clone)
    assert len(before) == 2 * 2 * 2  # seeds, objectives, epochs
    assert not clone.planned() & {"prepare", "subset", "twins"}
    clone.run("snakemake", "--cores", "2", "reports/table1.csv")
    assert checkpoint_times(clone) == before


def test_results_of_other_code_are_not_accepted(reproduced, tmp_path):
    project = reproduced.copy(tmp_path / "twins")
    assert "all made by these settings" in project.run("python", "-m", "pipeline", "verify")
    project.edit("pipeline/objectives.py", '"""The objectives', '"""The edited objectives')
    output = project.run("python", "-m", "pipeline", "verify", check=False)
    assert "other settings, data or code made these results" in output
    assert "results/checkpoints/digits/classes=4" in output
    assert "results/data/" not in output
