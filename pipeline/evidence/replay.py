"""Train a run behind the evidence again, and compare with what it recorded."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from pipeline.config.base import SettingsError
from pipeline.config.earlier_names import current_table, current_text
from pipeline.config.params import read_params
from pipeline.config.references import PROJECT
from pipeline.datasets.images import load_images
from pipeline.evidence.manifest import SETTINGS, Manifest, published_run, read_manifest
from pipeline.jobs.task import Task, task_of
from pipeline.planning.expansion import plan
from pipeline.planning.layout import Layout
from pipeline.system.files import sha256
from pipeline.train.first_steps import Comparison, Recorded, replay

TOLERANCE = {"float32": 1e-4, "bfloat16": 2e-2}  # relative, of the losses of first steps: other kernels, other order
STEPS = Path("measures", "steps.csv.gz")
COLUMNS = ("epoch", "step", "objective", "learning_rate", "loss", "mean_mass", "mean_square_mass")


def replay_run(folder: Path, run: str, device: torch.device, steps: int | None, workers: int) -> str:
    """Train the first steps of a run again (None: all) with today's code and return a sentence on how they compare.

    Raises:
        SettingsError: the run is not of this evidence, its images are missing or others, or its first steps differ by
            more than rounding does.
    """
    manifest, run = read_manifest(folder), current_text(run)
    if not (folder / STEPS).is_file():
        raise SettingsError(f"{folder}: has no losses of single steps, with which a replay could be compared")
    task = run_task(folder, run)
    images = load_images(*images_of(folder, manifest, task), device)["train"]
    job: Any = task.job
    recorded = _recorded(folder, run)
    twins = {key[2] for key in recorded}
    objectives = [objective for objective in job.objectives if objective.name in twins]
    checkpoints = manifest.runs[run].checkpoints
    comparison = replay(job.run, objectives, images, job.views, recorded, steps, checkpoints, workers)
    text = f"{run}: {_text(comparison)}"
    if comparison.deviation_of_first > TOLERANCE[job.run.precision]:
        raise SettingsError(f"{text}: more than rounding does")
    return text


def run_task(folder: Path, run: str) -> Task:
    """Return the task that trains a run of the evidence, by the run's earlier or today's name.

    Raises:
        SettingsError: lists the runs of the evidence.
    """
    run = current_text(run)
    if run not in read_manifest(folder).runs:
        runs = "\n".join(read_manifest(folder).runs)
        raise SettingsError(f"{run}: expected a run of {folder}, one of\n{runs}")
    params = read_params(folder / SETTINGS)
    return task_of("twins", run, plan(params, folder / SETTINGS), Layout(Path(params.results), Path(params.reports)))


def images_of(folder: Path, manifest: Manifest, task: Task) -> tuple[Path, Path]:
    """Return the paths of a run's images and class subset.

    Raises:
        SettingsError: they are missing, or differ from those that the evidence was made from.
    """
    job: Any = task.job
    for place in (place for kind, place in task.reads if kind in ("store", "subset")):
        if not place.record.is_file():
            command = task_of(place.stage.name, place.subject, task.plan, task.layout).command
            raise SettingsError(f"{place.folder}: missing; `{command}` makes it")
    store, subset = task.inputs["store"][0], task.inputs["subset"][0]
    digests = manifest.images[job.run.dataset]
    changed = [
        name for name, digest in digests.items() if not (store / name).is_file() or sha256(store / name) != digest
    ]
    if changed:
        raise SettingsError(
            f"{store}: expected the images that {folder} was made from, got others ({', '.join(changed)})"
        )
    return store, subset


def _recorded(folder: Path, run: str) -> Recorded:
    table = current_table(pd.read_csv(folder / STEPS))
    rows = table[table["run"] == run]
    return {(int(e), int(s), str(o)): tuple(rest) for e, s, o, *rest in zip(*(rows[c] for c in COLUMNS), strict=True)}


def _text(comparison: Comparison) -> str:
    reached = f", {comparison.checkpoints} checkpoints reached again" if comparison.checkpoints else ""
    if comparison.first_difference is None:
        return f"{comparison.twins} twins, equal to the bit through step {comparison.steps}{reached}"
    first = comparison.first_difference
    return (
        f"{comparison.twins} twins, equal to the bit through step {first - 1}, from step {first} on apart by up to "
        f"{comparison.deviation:.2g} of a loss after {comparison.steps}{reached}"
    )


# -- at the evidence's own commit --------------------------------------------------------------------------------------


def replay_at_its_commit(folder: Path, run: str, steps: int | None) -> int:
    """Replay with the evidence's code and locks, in a temporary worktree and environment, and return the exit status.

    The environment takes minutes and gigabytes.
    """
    manifest = read_manifest(folder)
    job: Any = run_task(folder, run).job
    values = {
        "folder": str(folder.absolute()),
        "run": published_run(folder, current_text(run)),
        "dataset": job.run.dataset,
        "subset": job.run.subset,
        "steps": str(steps or "all"),
    }
    with _worktree(manifest.commit) as tree:
        for command in (["make", "setup"], *manifest.replay):
            words = [part.format(**values) for part in command]
            print(shlex.join(words), file=sys.stderr)
            path = f"{tree / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
            done = subprocess.run(words, cwd=tree, env={**os.environ, "PATH": path}, check=False)
            if done.returncode:
                return done.returncode
    return 0


@contextmanager
def _worktree(commit: str) -> Iterator[Path]:
    """A temporary checkout of a commit, with the downloads of this one."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, "tree")
        git = ["git", "-C", str(PROJECT), "worktree"]
        added = subprocess.run([*git, "add", "--detach", tree, commit], capture_output=True, text=True, check=False)
        if added.returncode:
            raise SettingsError(f"commit {commit} is not in this repository: {added.stderr.strip()}")
        try:
            if (PROJECT / "downloads").is_dir():
                (tree / "downloads").symlink_to(PROJECT / "downloads")
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", tree], check=True)
