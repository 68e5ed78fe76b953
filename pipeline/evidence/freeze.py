"""Freeze finished results as evidence: tables, figures, all measures of all runs, and a manifest."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from safetensors.torch import load_file, save_file

from pipeline.config.base import SettingsError
from pipeline.config.references import PROJECT
from pipeline.config.run import Run
from pipeline.evidence.manifest import (
    FOLDER,
    MEASURED_NETWORKS,
    NETWORKS,
    SETTINGS,
    Manifest,
    RunOrigin,
    file_digests,
    write_manifest,
)
from pipeline.jobs.provenance import git_state
from pipeline.jobs.records import Record, record_of
from pipeline.jobs.task import Task, tasks_of
from pipeline.jobs.verify import verify
from pipeline.planning.layout import Layout
from pipeline.planning.plan import Plan
from pipeline.planning.stage import FOR_READERS
from pipeline.system.files import sha256, write_csv, write_text
from pipeline.train.checkpoints import checkpoint_path

LOCKS = ("torch.lock", "requirements.lock")
LEFT_OUT = ("pdf", "plots", "provenance", "facts")  # drawn from tables, or told by the manifest
PIPELINE = ("python", "-m", "pipeline")
REPLAY = [
    [*PIPELINE, "prepare", "{dataset}", "--params", f"{{folder}}/{SETTINGS}"],
    [*PIPELINE, "subset", "{subset}", "--params", f"{{folder}}/{SETTINGS}"],
    [*PIPELINE, "evidence", "replay", "{folder}", "{run}", "--steps", "{steps}"],
]


def freeze(name: str, plan: Plan, layout: Layout, networks: Sequence[str] = ()) -> Path:
    """Write `reports/evidence/<name>/` from finished results and return it.

    Args:
        name: of the new folder.
        plan: of the settings that made the results.
        layout: their folders.
        networks: names of runs whose last checkpoints are kept too.

    Raises:
        SettingsError: the tree or a result comes from uncommitted changes, a result is missing, altered or of other
            settings, or the folder exists.
    """
    folder = FOLDER / name
    if folder.exists():
        raise SettingsError(f"{folder}: exists; expected a new name, as evidence is never overwritten")
    state = git_state()
    if state["dirty"] or state["commit"] is None:
        raise SettingsError("expected a repository without uncommitted changes: commit first")
    verify(plan, layout, deep=True)
    made = _records(plan, layout)
    dirty = [f"{task.stage.name} {task.subject}".strip() for task, record in made if record["made"]["dirty"]]
    if dirty:
        raise SettingsError(
            f"expected results of committed code, got {len(dirty)} made with other changes: {', '.join(dirty[:4])}"
        )
    unfinished = FOLDER / f".{name}"
    shutil.rmtree(unfinished, ignore_errors=True)
    _fill(unfinished, plan, made, networks)
    write_text(unfinished / "README.md", _readme(name, plan))
    write_manifest(unfinished, _manifest(unfinished, state["commit"], plan, made, networks))
    os.replace(unfinished, folder)
    return folder


def _records(plan: Plan, layout: Layout) -> list[tuple[Task, Record]]:
    """Finished results of a plan. Raises SettingsError where one for readers is missing."""
    every = list(tasks_of(plan, layout))
    missing = [task.command for task in every if task.stage.subject in FOR_READERS and not task.place.record.is_file()]
    if missing:
        raise SettingsError(f"{len(missing)} results are missing; `{missing[0]}` makes the first")
    return [(task, record_of(task.place)) for task in every if task.place.record.is_file()]


def _fill(folder: Path, plan: Plan, made: Sequence[tuple[Task, Record]], networks: Sequence[str]) -> None:
    folder.mkdir(parents=True)
    shutil.copyfile(plan.file, folder / SETTINGS)
    measures: dict[str, list[pd.DataFrame]] = {}
    for task, _ in made:
        for kind, path in task.place.outputs.items():
            if task.stage.folder and path.suffix in (".csv", ".gz"):
                measures.setdefault(kind, []).append(_labelled(task, path))
            elif not task.stage.folder and kind not in LEFT_OUT:
                target = folder / path.relative_to(task.layout.reports)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
    for kind, rows in measures.items():
        write_csv(folder / "measures" / f"{kind}.csv.gz", pd.concat(rows))
    if networks:
        save_file(_networks(made, networks), folder / NETWORKS)
        write_csv(folder / MEASURED_NETWORKS, _last_on_test(pd.concat(measures["alignment"]), networks))


def _labelled(task: Task, path: Path) -> pd.DataFrame:
    """A measure's rows, with their run, setting or subset."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False) if path.stat().st_size > 1 else pd.DataFrame()
    table.insert(0, task.stage.subject, task.subject)
    return table


def _networks(made: Iterable[tuple[Task, Record]], names: Sequence[str]) -> dict[str, Any]:
    """Tensors of the last checkpoints of runs, named RUN|OBJECTIVE|TENSOR."""
    runs = {task.subject: task for task, _ in made if task.stage.is_training}
    networks: dict[str, Any] = {}
    for name in names:
        if name not in runs:
            raise SettingsError(f"networks: {name!r}: expected one of {', '.join(runs)}")
        folder = runs[name].place.outputs["checkpoints"]
        run = Run.from_name(name)
        for objective in (item["name"] for item in runs[name].decided_by["settings"]["objectives"]):
            tensors = load_file(checkpoint_path(folder, objective, run.epochs))
            networks |= {f"{name}|{objective}|{key}": tensor for key, tensor in tensors.items()}
    return networks


def _last_on_test(alignment: pd.DataFrame, runs: Sequence[str]) -> pd.DataFrame:
    """Alignment of the last networks of some runs, on test images."""
    epochs = alignment["epoch"].astype(int)
    last = epochs == epochs.groupby(alignment["run"]).transform("max")
    rows = alignment[last & alignment["run"].isin(runs) & (alignment["split"] == "test")]
    return rows[["run", "first", "second", "measure", "value"]]


def _manifest(
    folder: Path, commit: str, plan: Plan, made: Sequence[tuple[Task, Record]], networks: Sequence[str]
) -> Manifest:
    hours: dict[str, float] = {}
    environments: dict[str, dict[str, Any]] = {}
    runs, images = {}, {}
    for task, record in made:
        origin = record["made"]
        hours[task.stage.name] = hours.get(task.stage.name, 0.0) + origin["seconds"] / 3600
        where = {part: origin[part] for part in ("python", "packages", "machine")}
        environments.setdefault(str(where), {**where, "stages": {}})["stages"][task.stage.name] = None
        if task.stage.is_training:
            checkpoints = {Path(file).name: sha for file, sha in record["outputs"]["checkpoints"].items()}
            runs[task.subject] = RunOrigin(
                origin["commit"], origin["dirty"], origin["seconds"], record["found"]["digests"], checkpoints
            )
        if task.stage.name == "prepare":
            images[task.subject] = {Path(file).name: sha for file, sha in record["outputs"]["store"].items()}
    return Manifest(
        commit=commit,
        command=f"snakemake --cores all all --configfile {plan.file}",
        replay=REPLAY,
        locks={lock: sha256(PROJECT / lock) for lock in LOCKS},
        environments=[{**where, "stages": list(where["stages"])} for where in environments.values()],
        hours={stage: round(spent, 3) for stage, spent in hours.items()},
        images=images,
        runs=runs,
        networks={run: runs[run] for run in networks},
        files=file_digests(folder),
    )


def _readme(name: str, plan: Plan) -> str:
    """Text on how to check the evidence and make it again; its author adds what was found."""
    return f"""\
# {name}

Made by `snakemake --cores all all --configfile {plan.file}`; `{SETTINGS}` is that file, `MANIFEST.json` has commit,
versions, processors, hours and digests. `measures/` has every measure of every run, `claims.csv` the verdicts.

```sh
python -m pipeline evidence check {name}
python -m pipeline evidence replay {name} RUN
```

compare its bytes with the manifest, and the first steps of a run with what it recorded.
"""
