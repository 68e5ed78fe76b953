"""The wheel, in an environment that has the base's dependencies and nothing else."""

import re
import shutil
import subprocess
import sys
import tomllib
import venv
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
import pytest
import yaml
from packaging.requirements import Requirement

from pipeline.__main__ import OF_THE_REPORT, main

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
REPORT = ["report", "--params", "params.yaml"]


def closure(requirements):
    """Names of installed distributions that these requirements bring, directly or not."""
    found, waiting = {}, [(Requirement(text), "") for text in requirements]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        try:
            own = distribution(requirement.name)
        except PackageNotFoundError:  # torch names CUDA libraries that its CPU build does without
            continue
        done = found.setdefault(own.name, set())
        for wanted in {"", *requirement.extras} - done:
            done.add(wanted)
            waiting += [(Requirement(text), wanted) for text in own.requires or ()]
    return found


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Folder of commands of an environment with the wheel and links to what the base needs."""
    folder = tmp_path_factory.mktemp("package")
    source = folder / "source"
    for package in ("pipeline", "twin_alignment"):
        shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, source)
    venv.create(folder / "env", with_pip=False, symlinks=True)
    commands = folder / "env" / "bin"
    (site,) = (folder / "env" / "lib").glob("python3*/site-packages")
    for name in closure(PROJECT["dependencies"]):
        for file in distribution(name).files or ():
            top = Path(distribution(name).locate_file(file.parts[0]))
            if file.parts[0] not in ("..", "__pycache__") and not (site / top.name).exists():
                (site / top.name).symlink_to(top)
    (wheel,) = folder.glob("*.whl")
    run(*pip, "--python", commands / "python", "install", "--no-deps", "--no-index", wheel)
    return commands


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_compares_files_and_arrays_and_promises(installed, tmp_path):
    features = np.random.default_rng(0).normal(size=(20, 3))
    np.save(tmp_path / "a.npy", features)
    np.save(tmp_path / "b.npy", features[:, ::-1] * 2)
    command = installed / "twin-alignment"
    assert re.search(r"linear CKA, cosine similarities +1\.0", run(command, "align", "a.npy", "b.npy", cwd=tmp_path))
    setting = "--classes 1000 --batch 1024 --temperature 0.5 --learning-rate 0.1 --steps 100 --delta 0.01"
    assert "Theorem 1" in run(command, "bound", *setting.split(), cwd=tmp_path)
    script = """
import numpy as np
from twin_alignment.measures.streaming import Accumulator
from twin_alignment.measures.comparison import compare
a, b = np.load("a.npy"), np.load("b.npy")
sums = Accumulator(["a", "b"])
sums.update({"a": a, "b": b})
print(round(compare(a, b)["cka"].value, 6), round(sums.similarity("a", "b").cka, 6))
"""
    assert run(installed / "python", "-c", script, cwd=tmp_path).split() == ["1.0", "1.0"]
    for extra in ("snakemake", "dvc", "papermill", "jupytext", "sphinx", "pytest"):
        code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({extra!r}) is not None)"
        run(installed / "python", "-c", code, cwd=tmp_path)
    assert "usage: twin-alignment" in run(command, "--help", cwd=tmp_path)
    assert run(command, "--version", cwd=tmp_path) == f"twin-alignment {PROJECT['version']}\n"


@pytest.mark.parametrize("left", ["build/lib/pipeline/system/files.py", "reports/table1.csv.set_aside"])
def test_what_installing_and_damage_leave_is_not_of_the_project(left):
    """By what git ignores ruff and the tests' copies of the project go too."""
    found = subprocess.run(["git", "check-ignore", "--quiet", left], cwd=ROOT, check=False)
    assert found.returncode == 0


def test_the_checkout_the_wheel_and_the_citation_agree(capsys):
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert (PROJECT["version"], PROJECT["license"]) == (cited["version"], cited["license"])
    assert [author["name"] for author in PROJECT["authors"]] == [author["name"] for author in cited["authors"]]
    assert set(PROJECT["urls"].values()) <= set(re.findall(r"https://[^\s)]+", (ROOT / "README.md").read_text()))
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"twin-alignment {cited['version']}\n"


def test_every_stage_but_the_report_s_loads_with_the_base_alone(installed, tmp_path):
    script = """
import importlib
from pipeline.jobs.chain import STAGES
for name in STAGES:
    if name != "report":
        importlib.import_module(f"pipeline.stages.{name}")
"""
    run(installed / "python", "-c", script, cwd=tmp_path)


@pytest.mark.parametrize("name", OF_THE_REPORT)
def test_a_missing_extra_is_named_in_a_sentence(name, monkeypatch, capsys):
    def missing(options):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr("pipeline.__main__._stage", missing)
    assert main(["report"]) == 2
    sentence = f"error: report needs {name}, of the extra `report`: pip install '.[report]' in a checkout\n"
    assert capsys.readouterr().err == sentence


def test_what_the_report_imports_is_what_its_extra_brings():
    brought = closure(PROJECT["optional-dependencies"]["report"])
    base = closure(PROJECT["dependencies"])
    assert set(OF_THE_REPORT) <= set(brought) - set(base)
