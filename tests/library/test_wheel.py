"""The wheel, in an environment that has the base's dependencies and nothing else."""

import re
import shutil
import sys
import zipfile

import numpy as np
import pytest

from tests.library.environments import PROJECT, ROOT, environment, run

NOTEBOOK = """
import numpy as np
import pandas as pd
import twin_alignment as ta

a, b = np.load("a.npy"), pd.DataFrame(np.load("b.npy"))
sums = ta.Accumulator(["a", "b"])
sums.update({"a": a, "b": b})
many = ta.compare_many({"a": a, "b": b, "c": a**3}, labels=np.arange(20) % 2)
many.plot().savefig("many.png")
print(round(ta.compare(a, b)["cka"].value, 6), round(sums.similarity("a", "b").cka, 6), len(many.table))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    for package in ("pipeline", "twin_alignment"):
        shutil.copytree(ROOT / package, folder / "source" / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / "source" / name)
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder)
    run(sys.executable, "-m", "pip", "wheel", *options, folder / "source")
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def commands(wheel, tmp_path_factory):
    """Folder of commands of an environment with the wheel."""
    python = environment(tmp_path_factory.mktemp("installed"), PROJECT["dependencies"])
    run(sys.executable, "-m", "pip", "--quiet", "--python", python, "install", "--no-deps", "--no-index", wheel)
    return python.parent


@pytest.fixture
def folder(tmp_path):
    """A stranger's folder, with files that have the names of this project's packages."""
    (tmp_path / "pipeline.py").write_text("raise RuntimeError('mine')\n")
    features = np.random.default_rng(0).normal(size=(20, 3))
    np.save(tmp_path / "a.npy", features)
    np.save(tmp_path / "b.npy", features[:, ::-1] * 2)
    return tmp_path


def test_the_wheel_has_the_library_alone(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {
        "twin_alignment",
        wheel.name[: wheel.name.index("-py3")] + ".dist-info",
    }
    assert "twin_alignment/py.typed" in names


def test_functions_work_next_to_a_file_called_pipeline(commands, folder):
    assert run(commands / "python", "-c", NOTEBOOK, cwd=folder).split() == ["1.0", "1.0", "12"]
    assert (folder / "many.png").stat().st_size > 0
    for absent in ("seaborn", "pyarrow", "tabulate", "pydantic", "torchvision", "snakemake", "pytest"):
        code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({absent!r}) is not None)"
        run(commands / "python", "-c", code, cwd=folder)


def test_the_command_works(commands, folder):
    command = commands / "twin-alignment"
    assert re.search(r"linear CKA, cosine similarities +1\.0", run(command, "align", "a.npy", "b.npy", cwd=folder))
    setting = "--classes 1000 --batch 1024 --temperature 0.5 --learning-rate 0.1 --steps 100 --delta 0.01"
    assert "Theorem 1" in run(command, "bound", *setting.split(), cwd=folder)
    assert "Usage: twin-alignment" in run(command, "--help", cwd=folder)
    assert run(command, "--version", cwd=folder) == f"twin-alignment {PROJECT['version']}\n"
