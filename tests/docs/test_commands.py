"""Every command of README and the documentation is known, can be read by its program, and runs in a tiny project."""

import re
import shlex
import tomllib
from pathlib import Path

import click
import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from scipy.io import savemat

from pipeline.cli.app import app
from pipeline.jobs.chain import STAGES
from pipeline.planning.layout import Layout
from tests.docs.pages import COMMANDS, MENTIONED, ROOT
from tests.workflow.conftest import RUN

EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
PLACEHOLDERS = {"DATASET": "digits", "SUBSET": "digits/classes=4,seed=0", "RUN": RUN, "STAGE": "table1"}
GENERAL = ("python -m pipeline STAGE",)  # no command, but the form of many
ELSEWHERE = {  # what trains anew or needs a remote, by the test that runs it, and a word of it that stands there
    "dvc exp run --set-param training.temperature=1.0": ("test_dvc.py", '"training.temperature=1.0"'),
    "dvc push": ("../cluster/test_remote.py", '"push"'),
    "dvc pull prepare train": ("../cluster/test_remote.py", '"prepare", "train"'),
    "dvc remote modify bucket endpointurl https://s3.example.org": ("../cluster/test_remote.py", '"endpointurl"'),
    "python -m pipeline features RUN cl 1 cl.safetensors": ("test_features.py", '"features", RUN, objective, "1"'),
    "python -m pipeline features RUN nscl 1 nscl.safetensors": ("test_features.py", '("cl", "nscl")'),
    "python -m pipeline align cl.safetensors:test nscl.safetensors:test --labels cl.safetensors:test_labels": (
        "test_features.py",
        '"--labels", "cl.safetensors:test_labels"',
    ),
    "torchrun --standalone --nproc-per-node 4 -m pipeline twins RUN": ("test_torchrun.py", '"-m", "pipeline", "twins"'),
    "python -m pipeline start data/flowers": ("test_start.py", '"start", "shapes"'),
    "python -m pipeline start data/pets --test-share 0.2": ("test_start.py", '"start", "pets", "--test-share"'),
    "snakemake --cores all reports/table1.csv --config 'training={epochs: 8, warmup_epochs: 2}'": (
        "test_start.py",
        '"--config", TINY',
    ),
    "snakemake --cores all --configfile params/flowers.yaml": ("test_start.py", '"--configfile"'),
    "snakemake --cores all reports/flowers/table1.csv --configfile params/flowers.yaml": (
        "test_start.py",
        '"--configfile"',
    ),
}
# what stands in for commands that take hours, change an environment, or need what a test has not
STAND_INS = {
    "snakemake --workflow-profile profiles/slurm": "snakemake -n -q --workflow-profile profiles/slurm",
    "benchmarks/gpu.sh WORK OUT all --data train.zip test.zip": "sh -n benchmarks/gpu.sh",
    "python -m benchmarks.alignment": "python -m benchmarks.alignment --quick --out quick.json",
    "snakemake --cores all": "snakemake --cores 2",
    "snakemake --cores all --configfile params/paper.yaml": "snakemake -n -q --configfile params/paper.yaml",
    "snakemake --cores all --configfile params/cifar100_gpu_hour.yaml": (
        "snakemake -n -q --configfile params/cifar100_gpu_hour.yaml"
    ),
    "make table1": "make --dry-run table1",
    "make test": "make --dry-run test",
    "pip install .": "pip install --dry-run --no-deps --no-build-isolation --quiet .",
}


def words_of(command):
    for name, value in PLACEHOLDERS.items():
        command = re.sub(rf"\b{name}\b", value, command)
    return shlex.split(command)


def reads(arguments):
    """Whether the command line can read these words."""
    context, command = click.Context(app), app
    while isinstance(command, click.Group) and arguments:
        name, *arguments = arguments
        if (command := command.get_command(context, name)) is None:
            return False
    if "--help" in arguments:
        return True
    try:
        command.make_context(command.name, list(arguments))
    except click.UsageError:
        return False
    return True


def known(command):
    """Whether a program could read a command; an unknown program, target, stage or option is not known."""
    match words_of(command):
        case ["torchrun", "--standalone", "--nproc-per-node", _, "-m", "pipeline", *arguments]:
            return reads(arguments)
        case ["python", "-m", "pipeline", *arguments] | ["twin-alignment", *arguments]:
            named_alone = command in MENTIONED and len(arguments) < 2  # in prose, without what it is called with
            return reads(arguments) or (named_alone and reads([*arguments, "--help"]))
        case ["make", *targets]:
            makefile = (ROOT / "Makefile").read_text()
            return all(re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE) for target in targets)
        case ["pip", "install", target]:
            return target == "." or target[2:-1] in EXTRAS
        case ["snakemake", *arguments]:
            targets = [one.replace("reports/flowers/", "reports/") for one in arguments]  # as its settings say
            return all(may_be_made(one) for one in targets if one.startswith("reports/"))
        case ["dvc", *_] | ["jupytext", *_] | ["papermill", *_]:
            return True
        case ["python", "-m", module, *_] if module.startswith(("benchmarks.", "tests.")):
            return (ROOT / f"{module.replace('.', '/')}.py").is_file()
        case [program, *_]:
            return (ROOT / program).is_file()


def may_be_made(path):
    layout = Layout(Path("results"), Path("reports"))
    return path in {file.as_posix() for s in STAGES.values() for file in layout.place(s, "").declared.values()}


@pytest.mark.parametrize("command", sorted({*COMMANDS, *MENTIONED}))
def test_a_command_is_one_that_its_program_knows(command):
    assert known(command)


def test_what_stands_in_stands_in_for_something():
    assert {*STAND_INS, *ELSEWHERE} <= set(COMMANDS)


@pytest.mark.parametrize(("file", "words"), ELSEWHERE.values())
def test_what_another_test_runs_stands_there(file, words):
    assert words in (ROOT / "tests" / "workflow" / file).read_text(encoding="utf-8")


@pytest.fixture
def project(finished, tmp_path):
    """A finished tiny project with the files that commands name."""
    project = finished.copy(tmp_path / "twins")
    rows = np.random.default_rng(0).normal(size=(20, 3))
    np.save(project.path / "first.npy", rows)
    np.savez(project.path / "second.npz", rows + 1)
    save_file({"layer4": torch.from_numpy(rows), "layer3": torch.zeros(2)}, project.path / "a.safetensors")
    torch.save(torch.from_numpy(rows + 1), project.path / "b.pt")
    savemat(project.path / "c.mat", {"features": rows - 1})
    np.savetxt(project.path / "d.csv", rows + 2, delimiter=",")
    np.savetxt(project.path / "labels.csv", np.arange(20) % 2, fmt="%d")
    return project


@pytest.mark.long
@pytest.mark.parametrize("command", [one for one in COMMANDS if one not in (*GENERAL, *ELSEWHERE)])
def test_a_command_runs(project, command):
    words = words_of(STAND_INS.get(command, command))
    if words[0] == "twin-alignment":  # is installed in tests/test_package.py
        words = ["python", "-m", "pipeline", *words[1:]]
    if words[0] == "papermill":
        project.run("jupytext", "--to", "ipynb", "--output", "report.ipynb", "reports/report.py")
    assert words[:2] != ["pip", "install"] or "--dry-run" in words  # the environment stays as it is
    project.run(*words)


@pytest.mark.long
def test_the_report_is_executed_from_any_folder(project, tmp_path):
    source, executed = tmp_path / "report.ipynb", tmp_path / "executed.ipynb"
    project.run("jupytext", "--to", "ipynb", "--output", str(source), "reports/report.py")
    elsewhere = type(project)(tmp_path)
    elsewhere.run("papermill", str(source), str(executed), "-p", "photographs", "", "--cwd", str(project.path))
    assert "Do labels change" in executed.read_text(encoding="utf-8")
