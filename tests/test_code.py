"""Which code a stage's result depends on."""

import ast
import subprocess
import sys

import pytest

from pipeline import code
from pipeline.code import code_hash, stage_modules

STAGES = (
    "prepare",
    "subset",
    "twins",
    "embed",
    "probe",
    "alignment",
    "ceiling",
    "figure",
    "bounds",
    "curvature",
    "loss_gap",
    "merging",
    "claims",
    "report",
    "table1",
    "table2",
)


@pytest.mark.parametrize("stage", STAGES)
def test_modules_read_from_sources_are_those_that_python_loads(stage):
    """Imports are followed in the sources; Python itself is asked which modules it then has."""
    script = f"import sys, pipeline.stages.{stage}; print(*(m for m in sys.modules if m.split('.')[0] == 'pipeline'))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    by_value = "params data.catalog runs jobs layout files progress provenance code records reporting.registry"
    packages = {name for name in loaded if len(ast.parse(code._file(name).read_text()).body) == 1}  # only a docstring
    assert set(stage_modules(stage)) >= set(loaded) - {f"pipeline.{name}" for name in by_value.split()} - packages


def test_each_stage_depends_on_its_science_and_not_on_anothers():
    assert "pipeline.objectives" in stage_modules("twins")
    assert "pipeline.views.colour" in stage_modules("twins")
    assert "pipeline.objectives" not in stage_modules("prepare") + stage_modules("embed") + stage_modules("table1")
    assert "pipeline.reporting.table1" not in stage_modules("twins") + stage_modules("probe") + stage_modules("table2")


def test_the_hash_changes_with_one_byte_of_one_module(monkeypatch, tmp_path):
    before = code_hash("twins"), code_hash("probe")
    edited = tmp_path / "objectives.py"
    original = code._file("pipeline.objectives")
    edited.write_bytes(original.read_bytes() + b"\n")
    find = code._file
    monkeypatch.setattr(code, "_file", lambda module: edited if module == "pipeline.objectives" else find(module))
    assert code_hash("twins") != before[0]
    assert code_hash("probe") == before[1]


def test_training_needs_no_workflow_tools():
    """Twins run on machines that have torch and little else."""
    script = """
import sys
for name in ("snakemake", "dvc", "papermill", "seaborn", "pyarrow", "matplotlib"):
    sys.modules[name] = None  # importing it now fails
import pipeline.__main__, pipeline.stages.prepare, pipeline.stages.subset, pipeline.stages.twins, pipeline.stages.embed
import pipeline.stages.probe, pipeline.stages.alignment
"""
    subprocess.run([sys.executable, "-c", script], check=True)
