"""Commands that a person types: help, and errors in one line."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.cli.app import main
from pipeline.jobs.chain import STAGES

ROOT = Path(__file__).parents[2]
RUN = "digits/classes=3,seed=0"
SETTINGS = """
results: RESULTS
experiments: {table1: {grid: [{dataset: digits, classes: 3}]}, trajectory: {grid: [{dataset: digits, classes: 3}]}}
"""


@pytest.fixture
def params(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(SETTINGS.replace("RESULTS", str(tmp_path / "results")))
    return str(path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["twins", RUN], "missing; `python -m pipeline prepare digits --params FILE` makes it"),
        (["prepare", "mnist"], "one of cifar10"),
        (["twins", "digits"], "expected dataset/field=value"),
        (["twins", RUN, "--device", "tpu"], "tpu"),
        (["subset", "digits/classes=x,seed=0"], "expected dataset/classes=C,seed=S, C a number or all"),
        (["figure", "fig9"], "figure 'fig9': expected one of"),
        *((["prepare", "digits", f"--threads={text}"], "Invalid value for '--threads'") for text in ("0", "-1", "two")),
    ],
)
def test_what_cannot_be_done_is_named_in_one_line(params, capsys, arguments, message):
    assert main([*arguments, "--params", params]) == 2
    error = capsys.readouterr().err
    assert message.replace("FILE", str(params)) in error
    assert error.startswith("error: ")
    assert error.count("\n") == 1


def test_a_file_where_a_folder_should_be_is_named(params, tmp_path, capsys):
    (tmp_path / "taken").write_text("")
    assert main(["prepare", "digits", "--params", params, "--results", str(tmp_path / "taken")]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {tmp_path / 'taken'}")
    assert error.endswith((": not a directory\n", ": file exists\n"))


def test_start_is_refused_outside_of_the_checkout(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["start", "images"]) == 2
    expected = f"error: start: expected to be run in {ROOT}, the folder of the checkout, got {tmp_path}\n"
    assert capsys.readouterr().err == expected
    assert list(tmp_path.iterdir()) == []


def test_output_that_is_not_read_to_its_end_is_no_error(params):
    command = [sys.executable, "-m", "pipeline", "runs", "--params", params]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 0


@pytest.mark.parametrize("command", [*STAGES, "runs", "verify", "remake", "cost", "schema", "evidence"])
def test_every_command_explains_itself(command, capsys):
    assert main([command, "--help"]) == 0
    assert f"Usage: python -m pipeline {command}" in capsys.readouterr().out
