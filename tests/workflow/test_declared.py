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
from pipeline.jobs.task import tasks_of

plan_ = plan(read_params(Path("params.yaml")))
layout = Layout(Path("results"), Path("reports"))
opened = set()

def note(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        opened.add(os.path.abspath(os.fsdecode(arguments[0])))

sys.addaudithook(note)
undeclared = {}
device = choose_device("cpu", 1)
root = os.getcwd()
for task in tasks_of(plan_, layout):
    opened.clear()
    more = (device,) if task.stage.uses_device else ()
    options = {"state": Path("again.pt"), "origin": ""} if task.stage.is_training else {}
    options = {**options, "notes": []} if task.stage.records else options
    task.stage.run(task.job, task.inputs, task.place.within(Path("again")), *more, **options)
    declared = [path for paths in task.inputs.values() for path in paths] + [Path("again")]
    expected = [os.path.abspath(path) for path in declared]
    for path in opened:
        inside = path.startswith(root) and not path.endswith((".py", ".pyc", ".pt")) and os.path.isfile(path)
        if inside and not any(path == a or path.startswith(a + os.sep) for a in expected):
            undeclared.setdefault(task.stage.name, []).append(os.path.relpath(path, root))
print("UNDECLARED " + json.dumps(undeclared))
"""
# a forked process a stage: the modules that Python has after the imports inside its functions, and had not before
LOADED = """
import ast, importlib, json, os, sys
import torch, pandas, scipy.stats, sklearn.linear_model, matplotlib.figure  # once for all
import pipeline.jobs.chain
planned = set(sys.modules)
for stage in pipeline.jobs.chain.STAGES:
    if os.fork():
        os.wait()
        continue
    tree = ast.parse(open(sys.modules[f"pipeline.stages.{stage}"].__file__).read())
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        for node in (node for node in ast.walk(function) if isinstance(node, ast.ImportFrom)):
            importlib.import_module(node.module)
    new = [name for name in set(sys.modules) - planned if name.split(".")[0] in ("pipeline", "twin_alignment")]
    print(json.dumps([stage, new]), flush=True)
    os._exit(0)
"""


@pytest.mark.long
def test_a_stage_opens_only_what_it_declares(project):
    output = project.run("python", "-c", WATCHED)
    assert json.loads(output.split("UNDECLARED ")[1]) == {}


def test_the_identity_holds_every_module_that_python_loads():
    """Imports are followed in the sources; Python itself lists the modules that it has after those of `run`."""
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    loaded = dict(json.loads(line) for line in done.stdout.splitlines())
    assert loaded.keys() == STAGES.keys()
    for stage, modules in loaded.items():
        topics = TOPICS if stage == "claims" else []  # by name, as the declaration says
        counted = {module for module in modules if not not_counted(module)}
        assert set(code_identity([f"pipeline.stages.{stage}", *topics])) >= counted, stage


def test_each_stage_depends_on_its_science_and_not_on_anothers():
    identity = {stage: set(code_identity([f"pipeline.stages.{stage}"])) for stage in STAGES}
    assert {"pipeline.train.lars", "pipeline.augment.colour", "twin_alignment.randomness"} <= identity["twins"]
    for stage in ("prepare", "measure", "table1", "table2"):
        assert not {"twin_alignment.losses.contrastive", "pipeline.config.objectives"} & identity[stage], stage
    for stage, modules in identity.items():
        assert not any(name.startswith("pipeline.jobs") for name in modules), stage
        assert stage == "claims" or not any(name.startswith("pipeline.reporting.claims") for name in modules), stage


@pytest.mark.parametrize(
    ("missing", "modules"),
    [
        (  # twins run on machines that have torch and little else
            ("snakemake", "dvc", "papermill", "seaborn", "pyarrow", "matplotlib"),
            ("__main__", "datasets.preparation", "datasets.subsets", "train.twin_training", "evaluate.trajectory"),
        ),
        (("torch", "matplotlib", "seaborn", "sklearn"), ("jobs.chain", "__main__")),  # planning and --help
        (  # figures: an import takes as long as a drawing
            ("torch", "scipy.stats", "seaborn", "matplotlib.pyplot"),
            ("reporting.style", "reporting.panels", "reporting.measured_tables"),
        ),
    ],
)
def test_modules_are_imported_without_what_they_do_not_need(missing, modules):
    script = f"import sys; sys.modules.update(dict.fromkeys({missing}))\n"
    script += "".join(f"import pipeline.{module}\n" for module in modules)
    subprocess.run([sys.executable, "-c", script], check=True)
