"""The package as a stranger uses it: light to import, typed, with examples that run."""

import doctest
import importlib
import pkgutil
import subprocess
import sys

import pytest

import twin_alignment

MODULES = [module.name for module in pkgutil.walk_packages(twin_alignment.__path__, "twin_alignment.")]
USER = """
import numpy as np
import torch

import twin_alignment as ta

a, b = np.ones((9, 2)), torch.eye(9)
value: float = ta.compare(a, b)["cka"].value
comparison: ta.Comparison = ta.compare_many({"a": a, "b": b}, labels=np.arange(9), measures=["cka"])
cells: float = comparison.table["value"].sum() + comparison.matrix("cka").to_numpy().sum()
sums = ta.Accumulator(["a", "b"])
sums.update({"a": a, "b": b})
rsa: float = sums.similarity("a", "b").rsa
loss: torch.Tensor = ta.losses.contrastive(b, b, None, temperature=0.5) + ta.losses.supervised_contrastive(
    b, b, torch.arange(9), 0.5
)
bounds = ta.theory.bound(classes=10, batch=64, temperature=0.5, learning_rate=0.1, steps=10, delta=0.01)
log: float = bounds.theorem1
try:
    ta.compare_files(["a.npy"])
except ta.InputError as error:
    text: str = str(error)
reveal_type(ta.compare)
wrong: int = ta.cdnv(a, b)
"""


def in_new_process(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize("module", MODULES)
def test_every_example_runs(module):
    assert doctest.testmod(importlib.import_module(module)).failed == 0


def test_every_public_function_has_an_example():
    examples = {
        test.name.rpartition(".")[2]
        for module in MODULES
        for test in doctest.DocTestFinder().find(importlib.import_module(module))
        if test.examples
    }
    types = {"CollapseError", "Comparison", "Estimate", "InputError", "ModelComparison", "Similarity"}
    public = {*twin_alignment.__all__, *twin_alignment.losses.__all__, *twin_alignment.theory.__all__}
    assert public - types - {"losses", "theory", "TheoremBounds"} <= examples


def test_the_import_and_the_help_load_no_torch():
    heavy = "print([name for name in ('torch', 'numpy', 'pandas') if name in sys.modules])"
    assert in_new_process(f"import sys, twin_alignment; {heavy}") == ["[]"]
    assert in_new_process(f"import sys, twin_alignment.cli; {heavy}") == ["[]"]


def test_every_name_is_there_and_another_is_refused():
    assert {name: getattr(twin_alignment, name) for name in twin_alignment.__all__}
    assert twin_alignment.losses.contrastive.__name__ == "contrastive"
    assert set(twin_alignment.__all__) <= set(dir(twin_alignment))
    with pytest.raises(AttributeError, match="no attribute 'compere'"):
        _ = twin_alignment.compere


@pytest.mark.long
def test_mypy_sees_the_types_of_a_users_script(tmp_path):
    (tmp_path / "user.py").write_text(USER)
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "user.py"]
    path = {"MYPYPATH": str(next(iter(twin_alignment.__path__)).removesuffix("/twin_alignment"))}
    done = subprocess.run(command, cwd=tmp_path, env=path, capture_output=True, text=True, check=False)
    notes = [line for line in done.stdout.splitlines() if line.startswith("user.py")]
    assert len(notes) == 2, done.stdout
    assert "Revealed type" in notes[0]
    assert 'Incompatible types in assignment (expression has type "float", variable has type "int")' in notes[1]
