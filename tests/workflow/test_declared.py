"""What stages open is what they declare; what decides them is what Python loads."""

import json
import subprocess
import sys

import pytest

from pipeline.jobs.chain import STAGES
from pipeline.jobs.code import code_identity, not_counted
from pipeline.reporting.claims import TOPICS

# runs every task again in one process, and notes which files of the project each opens
WATCHED = """
import json, os, sys
from pathlib import Path

from pipeline.system.device import choose_device
from pipeline.config.params import read_params
from pipeline.planning.layout import Layout
from pipeline.planning.expansion import plan
from pipeline.jobs.task import tasks
import importlib

plan_ = plan(read_params(Path("params.yaml")))
layout = Layout(Path("results"), Path("reports"))
opened = set()

def note(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        opened.add(os.path.abspath(os.fsdecode(arguments[0])))

sys.addaudithook(note)
found = {}
device = choose_device("cpu", 1)
root = os.getcwd()
for one in tasks(plan_, layout):
    module = importlib.import_module(f"pipeline.stages.{one.stage.name}")
    opened.clear()
    more = (device,) if one.stage.uses_device else ()
    options = {"state": Path("again.pt"), "origin": ""} if one.stage.is_training else {}
    options = {**options, "notes": []} if one.stage.records else options
    outputs = one.place.within(Path("again"))
    module.run(one.job, one.inputs, outputs, *more, **options)
    declared = [path for paths in one.inputs.values() for path in paths] + [Path("again")]
    allowed = [os.path.abspath(path) for path in declared]
    for path in opened:
        inside = path.startswith(root) and not path.endswith((".py", ".pyc", ".pt")) and os.path.isfile(path)
        if inside and not any(path == a or path.startswith(a + os.sep) for a in allowed):
            found.setdefault(one.stage.name, []).append(os.path.relpath(path, root))
print("FOUND " + json.dumps(found))
"""


@pytest.mark.long
def test_a_stage_opens_only_what_it_declares(project):
    output = project.run("python", "-c", WATCHED)
    assert json.loads(output.split("FOUND ")[1]) == {}


LOADED = """
import ast, importlib, sys
import pipeline.jobs.chain
planned = set(sys.modules)
tree = ast.parse(open(sys.modules["pipeline.stages.{stage}"].__file__).read())
for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
    for node in (node for node in ast.walk(function) if isinstance(node, ast.ImportFrom)):
        importlib.import_module(node.module)
print(*(name for name in set(sys.modules) - planned if name.split(".")[0] in ("pipeline", "twin_alignment")))
"""


@pytest.mark.parametrize("stage", STAGES)
def test_the_identity_holds_every_module_that_python_loads(stage):
    """Imports are followed in the sources; Python itself is asked which modules it has after those of `run`."""
    script = LOADED.format(stage=stage)
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    topics = TOPICS if stage == "claims" else []  # found by name, as the declaration says
    counted = {module for module in loaded if not not_counted(module)}
    assert set(code_identity([f"pipeline.stages.{stage}", *topics])) >= counted


def test_each_stage_depends_on_its_science_and_not_on_anothers():
    identity = {stage: set(code_identity([f"pipeline.stages.{stage}"])) for stage in STAGES}
    assert {"pipeline.train.lars", "pipeline.augment.colour", "twin_alignment.randomness"} <= identity["twins"]
    for stage in ("prepare", "measure", "table1", "table2"):
        assert not {"twin_alignment.losses.contrastive", "pipeline.config.objectives"} & identity[stage], stage
    for stage, modules in identity.items():
        assert not any(name.startswith("pipeline.jobs") for name in modules), stage
        assert stage in ("claims",) or not any(name.startswith("pipeline.reporting.claims") for name in modules), stage


def test_training_needs_no_workflow_tools():
    """Twins run on machines that have torch and little else."""
    script = """
import sys
for name in ("snakemake", "dvc", "papermill", "seaborn", "pyarrow", "matplotlib"):
    sys.modules[name] = None  # importing it now fails
import pipeline.__main__
for name in ("datasets.preparation", "datasets.subsets", "train.twin_training", "evaluate.trajectory"):
    __import__(f"pipeline.{name}")
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_workflow_is_planned_without_torch_or_plots():
    heavy = {"torch", "matplotlib", "seaborn", "sklearn"}
    script = f"import sys, pipeline.jobs.chain; assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)
