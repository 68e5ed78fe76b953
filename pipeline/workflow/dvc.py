"""dvc.yaml, as it follows from the stages: DVC says which results belong to which commit, Snakemake what has to run."""

from pathlib import Path
from typing import Any

import yaml

from pipeline.references import PROJECT, source_of
from pipeline.settings.base import SettingsError
from pipeline.settings.experiments import read_params
from pipeline.workflow.code import code_identity
from pipeline.workflow.layout import Layout
from pipeline.workflow.plan import Plan, plan
from pipeline.workflow.records import task
from pipeline.workflow.stages import SHOWN, STAGES, stage_of

HEADER = """\
# Made by `make dvc.yaml` from the stages (pipeline/workflow/stages.py); do not edit.
# DVC says which data, checkpoints and tables belong to which commit; Snakemake decides what has to run, and replaces
# its outputs itself, hence persist.
"""
CHECK = "python -m pipeline dvc --check"
_TARGETS = {"prepare": "prepared", "train": "trained", "tables": "all"}
_STAGES = {"prepare": ["prepare", "subset"], "train": ["twins"]}
METRICS = "metrics"


def dvc_yaml() -> str:
    """For the default settings; three coarse stages, each a target of the workflow."""
    plan_, layout = _default()
    groups = {**_STAGES, "tables": [name for name in STAGES if not any(name in some for some in _STAGES.values())]}
    made = _made(plan_, layout)
    stages: dict[str, Any] = {}
    before: list[str] = []
    for group, names in groups.items():
        outs = list(dict.fromkeys(out for name in names if name in made for out in _outs(name, layout)))
        metrics = layout.path(STAGES["metrics"].writes[METRICS], "").as_posix()
        stages[group] = {
            "cmd": f"{CHECK} && snakemake --cores all {_TARGETS[group]}",
            "deps": [*before, *_code(names), *sorted({file for name in names for file in STAGES[name].files.values()})],
            "params": [{"params.yaml": None}],  # all of it: Snakemake finds out what a change touches
            "outs": [{out: {"persist": True}} for out in outs if out != metrics],
        }
        if metrics in outs:
            stages[group]["metrics"] = [{metrics: {"persist": True}}]
        before = [*before, *outs]
    value = {"stages": stages, "plots": _plots(plan_, layout) if STAGES["metrics"].subjects(plan_) else []}
    return HEADER + yaml.safe_dump(value, sort_keys=False, width=1000)


def check_dvc_yaml() -> None:
    """Raises SettingsError where the file is not what these settings and stages give: DVC would look for results that
    are not made, after hours, and record none of those that were."""
    path = PROJECT / "dvc.yaml"
    if not path.is_file() or path.read_text(encoding="utf-8") != dvc_yaml():
        raise SettingsError(f"{path.name} is not of these settings and this code: `make dvc.yaml` makes it, then go on")


def _default() -> tuple[Plan, Layout]:
    params = read_params(PROJECT / "params.yaml")
    return plan(params), Layout(Path(params.results), Path(params.reports))


def _made(plan_: Plan, layout: Layout) -> set[str]:
    """Stages of which `snakemake all` makes something, what is shown and what that is made from: DVC asks for every out
    that it is told of."""
    waiting = [
        (name, subject) for name, stage in STAGES.items() if stage.subject in SHOWN for subject in stage.subjects(plan_)
    ]
    found: set[tuple[str, str]] = set()
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += [(stage_of(kind).name, subject) for kind, subject, _ in task(*one, plan_, layout).reads]
    return {name for name, _ in found}


def _outs(name: str, layout: Layout) -> list[str]:
    """Folders of what has a subject, files of what has none; and the stage's records."""
    stage = STAGES[name]
    patterns = [str(layout.path(pattern, "{subject}")) for pattern in stage.writes.values()]
    tops = [pattern.split("/{subject}")[0].rstrip("/") for pattern in patterns]
    record = layout.record(name, "{subject}" if stage.subject else "").as_posix()
    return list(dict.fromkeys([*tops, record.split("/{subject}")[0]]))


def _code(names: list[str]) -> list[str]:
    """Every file that could decide a result, those found by name too."""
    modules = [f"pipeline.stages.{name}" for name in names]
    for room in {room for name in names for room in STAGES[name].rooms}:
        modules += [f"{room.replace('/', '.')}.{path.stem}" for path in (PROJECT / room).glob("*.py")]
    files = (source_of(module) for module in code_identity(modules))
    return sorted(path.relative_to(PROJECT).as_posix() for path in files if path is not None)


def _plots(plan_: Plan, layout: Layout) -> list[dict[str, Any]]:
    runs = plan_.runs_of("trajectory")
    names = list(dict.fromkeys(name for run in runs for name in plan_.requests[run].names if name != "cl"))
    folder = layout.path(STAGES["metrics"].writes["plots"], "")
    return [
        {
            (folder / f"{dataset}.csv").as_posix(): {
                "title": f"similarity with CL, {dataset}",
                "x": "epoch",
                "y": [f"cka_{name}" for name in names],
            }
        }
        for dataset in dict.fromkeys(run.dataset for run in runs)
    ]
