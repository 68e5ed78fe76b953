"""Runs trained by several processes stand in the tables like any others."""

import subprocess

import pandas as pd
import pytest

from tests.train.shared_run import TORCHRUN
from tests.workflow.conftest import RUN


@pytest.mark.long
def test_the_tables_of_runs_trained_by_two_processes_are_those_of_plain_ones(sources, finished, tmp_path):
    project = sources.copy(tmp_path / "twins")
    project.run("snakemake", "--cores", "2", "prepared")
    for run in (RUN, RUN.replace("seed=0", "seed=1")):
        project.run(*TORCHRUN, "2", "-m", "pipeline", "twins", run)
        again = project.run(*TORCHRUN, "2", "-m", "pipeline", "twins", run)
        assert again.count("finished already") == 1
    project.run("snakemake", "--cores", "2", "reports/table1.csv", "reports/table2.csv")
    project.pipeline("verify")
    for name in ("table1.csv", "table2.csv"):
        ours, plain = (pd.read_csv(one.path / "reports" / name) for one in (project, finished))
        numbers = plain.select_dtypes("number").columns
        pd.testing.assert_frame_equal(ours.drop(columns=numbers), plain.drop(columns=numbers))
        pd.testing.assert_frame_equal(ours[numbers], plain[numbers], atol=2.0, rtol=0.02)  # an image is half a percent


@pytest.mark.long
def test_what_cannot_be_shared_ends_with_a_sentence(sources, tmp_path):
    project = sources.copy(tmp_path / "twins")
    project.run("snakemake", "--cores", "2", "prepared")
    command = [*TORCHRUN, "3", "-m", "pipeline", "twins", RUN]
    done = subprocess.run(
        command, cwd=project.path, env=project.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "error: batch_size = 256: 3 processes share it, expected one of their multiples" in done.stderr
    assert not (project.path / "results" / "runs").exists()
