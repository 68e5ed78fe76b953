"""Every command of README and the documentation is known to its program, and runs in a tiny project."""

import re
import shlex
import tomllib
from pathlib import Path

import click
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from scipy.io import savemat

from pipeline.cli.app import app
from pipeline.jobs.chain import STAGES
from pipeline.planning.layout import Layout
from tests.docs.pages import COMMANDS, MENTIONED, ROOT
from tests.workflow.conftest import RUN
from twin_alignment.cli import cli as library

EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
TARGETS = re.findall(r"^(\w[\w-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE)
PLACES = [Layout(Path("results"), Path("reports")).place(stage, "") for stage in STAGES.values()]
OUTPUTS = {path.as_posix() for place in PLACES for path in place.declared.values()}
PLACEHOLDERS = {"DATASET": "digits", "SUBSET": "digits/classes=4,seed=0", "RUN": RUN, "STAGE": "table1"}
NOT_RUN = {  # here, as other tests do it: it trains again or needs a remote
    "benchmarks/gpu.sh WORK OUT all --data train.zip test.zip",
    "dvc exp run --set-param training.temperature=1.0",
    "dvc push",
    "dvc pull prepare train",
    "dvc remote modify bucket endpointurl https://s3.example.org",
    "python -m pipeline features RUN cl 1 cl.safetensors",
    "python -m pipeline features RUN nscl 1 nscl.safetensors",
    "torchrun --standalone --nproc-per-node 4 -m pipeline twins RUN",
    "python -m pipeline start data/flowers",
    "python -m pipeline start data/pets --test-share 0.2",
    "snakemake --cores all reports/table1.csv --config 'training={epochs: 8, warmup_epochs: 2}'",
    "snakemake --cores all --configfile params/flowers.yaml",
    "snakemake --cores all reports/flowers/table1.csv --configfile params/flowers.yaml",
}
OPTIONS = {  # added to commands that would take hours or change an environment
    "make table1": "--dry-run",
    "make test": "--dry-run",
    "pip install .": "--dry-run --no-deps --no-build-isolation --quiet",
    "pip install '.[models]'": "--dry-run --no-deps --no-build-isolation --quiet",
    "python -m benchmarks.alignment": "--quick --out quick.json",
    "python -m benchmarks.other_tools": "--help",
    "python -m benchmarks.other_tools --sizes": "--help",
    "python -m benchmarks.other_tools --page docs/measures.md": "--help",
    "snakemake --workflow-profile profiles/slurm": "-n -q",
    "snakemake --cores all --configfile params/paper.yaml": "-n -q",
    "snakemake --cores all --configfile params/cifar100_gpu_hour.yaml": "-n -q",
}
EXAMPLES = ("tabular", "time_series", "text")
OTHER_REPORTS = re.compile(rf"^reports/({'|'.join(('flowers', *EXAMPLES))})/")
for name in EXAMPLES:  # tests/examples runs them
    NOT_RUN |= {
        f"python docs/examples/{name}/make_data.py",
        f"snakemake --cores all reports/{name}/table1.csv --configfile docs/examples/{name}/settings.yaml",
    }
WRONG = [
    "python docs/examples/missing.py",
    "python -m pipeline tabel1",
    "python -m pipeline table1 --seeds 3",
    "twin-alignment align",
    "make everything",
    "pip install '.[all]'",
    "snakemake --cores all reports/table3.csv",
    "python -m benchmarks.missing",
]


def words_of(command):
    for name, value in PLACEHOLDERS.items():
        command = re.sub(rf"\b{name}\b", value, command)
    return shlex.split(command)


def reads(command, arguments, in_prose=False):
    """Check whether a click command can read these words; in prose a command can lack its arguments."""
    if "--help" in arguments:
        return True
    context = click.Context(command)
    while isinstance(command, click.Group) and arguments:
        name, *arguments = arguments
        if (command := command.get_command(context, name)) is None:
            return False
    if in_prose and not arguments:
        return True
    try:
        command.make_context(command.name, list(arguments))
    except click.UsageError:
        return False
    return True


def is_known(command, in_prose=False):
    """Check whether a program could read a command: its program, target, stage or option exists."""
    match words_of(command):
        case ["python", "-m", "pipeline", *arguments]:
            return reads(app, arguments, in_prose)
        case ["twin-alignment", *arguments]:
            return reads(library, arguments, in_prose)
        case ["make", *targets]:
            return set(targets) <= set(TARGETS)
        case ["pip", "install", target]:
            return target == "." or target[2:-1] in EXTRAS
        case ["snakemake", *arguments]:
            paths = {OTHER_REPORTS.sub("reports/", word) for word in arguments if word.startswith("reports/")}
            return paths <= OUTPUTS
        case ["dvc" | "jupytext" | "papermill" | "torchrun", *_]:
            return True
        case ["python", "-m", module, *_] if module.startswith(("benchmarks.", "tests.")):
            return (ROOT / f"{module.replace('.', '/')}.py").is_file()
        case ["python", file] if file.endswith(".py"):
            return (ROOT / file).is_file()
        case [program, *_]:
            return (ROOT / program).is_file()


@pytest.mark.parametrize("command", sorted({*COMMANDS, *MENTIONED}))
def test_a_command_is_known_to_its_program(command):
    assert is_known(command, in_prose=command not in COMMANDS)


@pytest.mark.parametrize("command", WRONG)
def test_a_wrong_command_is_noticed(command):
    assert not is_known(command)


def test_commands_that_are_treated_in_a_special_way_are_in_the_documentation():
    assert {*OPTIONS, *NOT_RUN} <= set(COMMANDS)


def write_tables(folder, rows):
    """Write the files of docs/features.md that have names of rows, tokens or maps."""
    import h5py  # of the extra `hdf5`

    names = [f"{row}.png" for row in range(20)]
    table = pd.DataFrame(rows, names, list("abc"))
    table.to_parquet(folder / "a.parquet")
    table.where(table > table.min(axis=None)).to_csv(folder / "gaps.csv")
    embeddings = table.set_axis([f"embedding_{column}" for column in range(3)], axis=1).assign(labels=1)
    embeddings.to_csv(folder / "embeddings.csv", index_label="filenames")
    np.savez(folder / "layers.npz", layer1=rows, layer2=rows**3, row_names=names)
    (folder / "rows.txt").write_text("\n".join(names[:12]))
    with h5py.File(folder / "b.h5", "w") as file:
        file["test/layer4"], file["test/row_names"] = rows**3, names
    np.save(folder / "tokens.npy", np.stack([rows, rows + 1], axis=1))
    torch.save(
        {"encoder": [{"maps": torch.from_numpy(rows)[:, :, None, None].expand(-1, -1, 4, 4)}]}, folder / "maps.pt"
    )


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
    write_tables(project.path, rows)
    (project.path / "photographs").mkdir()
    for number in range(6):
        pixels = np.random.default_rng(number).integers(0, 256, (70, 70, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(project.path / "photographs" / f"{number}.png")
    for name in ("a.npz", "b.npz"):  # as `extract` writes them
        np.savez(project.path / name, representation=rows, row_names=np.arange(20).astype(str))
    for name in ("cl", "nscl"):
        splits = {"test": torch.from_numpy(rows), "test_labels": torch.arange(20) % 2}
        save_file(splits, project.path / f"{name}.safetensors")
    return project


@pytest.mark.long
@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in NOT_RUN])
def test_a_command_runs(project, command):
    words = words_of(f"{command} {OPTIONS.get(command, '')}")
    if words[0] == "twin-alignment":  # tests/test_package.py installs it
        words = ["python", "-c", "from twin_alignment.cli import main; main()", *words[1:]]
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
