"""Measure how alike CL is to CL of another seed, and to other twins of another seed."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING

from pipeline.config.base import Settings, SettingsError
from pipeline.config.run import Run
from pipeline.models.encoders import module_of
from pipeline.planning.plan import Plan
from pipeline.planning.stage import Stage
from pipeline.stages.measure import MEASURING
from pipeline.system.files import Inputs, Outputs
from twin_alignment.measures.registry import modules_of_measures

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import torch
    from _typeshed import DataclassInstance
    from torch import Tensor

VERSION = 3  # raise it when the numbers change: results of another VERSION are made again


class BetweenSeedsJob(Settings):
    runs: tuple[Run, ...]  # that differ only in their seed
    objectives: tuple[str, ...]  # twins of all runs, compared across seeds at the last epoch
    checkpoints: tuple[int, ...]
    size: tuple[int, int] | None  # of what the encoder reads


def job_of(plan: Plan, name: str) -> BetweenSeedsJob:
    """Take the plan's runs of a setting that train CL, of those the ones that keep the largest number of epochs."""
    setting = Run.from_name(name).setting
    epochs_of = {run: plan.requests[run].checkpoints for run in plan.requests if run.setting == setting}
    epochs_of = {run: epochs for run, epochs in epochs_of.items() if plan.compares_seeds(run)}
    if not epochs_of:
        raise SettingsError(
            f"{name}: no experiment trains cl in this setting on classes that seeds share, so none compare"
        )
    epochs = max(epochs_of.values(), key=len)
    runs = tuple(run for run, its_epochs in epochs_of.items() if its_epochs == epochs)
    twins = [name for name in plan.requests[runs[0]].names if all(name in plan.requests[run].names for run in runs)]
    size = plan.dataset(setting.dataset).views.size
    return BetweenSeedsJob(runs=runs, objectives=tuple(twins), checkpoints=epochs, size=size)


def run(job: BetweenSeedsJob, inputs: Inputs, outputs: Outputs, device: torch.device) -> None:
    """Compare CL at every kept epoch, and all twins at the last one."""
    from pipeline.evaluate.run_features import embedder
    from pipeline.evaluate.seed_pairs import (
        BetweenSeedsRow,
        TwinsBetweenSeedsRow,
        between_seeds,
        twins_between_seeds,
    )
    from pipeline.system.files import write_csv
    from twin_alignment.progress import track

    (store,), (subset,) = inputs["store"], inputs["subset"]
    embedded = embedder(job.runs[0], job.size, store, subset, device)
    folders = dict(zip((run.seed for run in job.runs), inputs["checkpoints"], strict=True))
    seeds, last = list(folders), job.checkpoints[-1]

    def features_of_cl(seed: int, epoch: int) -> dict[str, Tensor]:
        return embedded.features(folders[seed], "cl", epoch)

    def last_features(seed: int, objective: str) -> dict[str, Tensor]:
        return embedded.features(folders[seed], objective, last)

    label = f"between_seeds {job.runs[0].setting.name}"
    epochs = track(job.checkpoints, len(job.checkpoints), label)
    rows = between_seeds(seeds, epochs, features_of_cl)
    write_csv(outputs["between_seeds"], _table(rows, BetweenSeedsRow))
    twins = [name for name in job.objectives if name != "cl"]
    rows_of_twins = twins_between_seeds(seeds, track(twins, len(twins), f"{label}, twins"), last, last_features)
    write_csv(outputs["twins_between_seeds"], _table(rows_of_twins, TwinsBetweenSeedsRow))


def _table(rows: Sequence[DataclassInstance], row: type[DataclassInstance]) -> pd.DataFrame:
    """Rows as a table; a single seed has no pair: a header and no row."""
    import pandas as pd

    return pd.DataFrame(map(asdict, rows), columns=[field.name for field in fields(row)])


STAGE = Stage(
    "between_seeds",
    job_of,
    {kind: f"{kind}.csv" for kind in ("between_seeds", "twins_between_seeds")},
    folder="measures/between_seeds",
    reads=lambda job: {**job.runs[0].network_inputs, "checkpoints": [run.name for run in job.runs]},
    modules=lambda job: [module_of(job.runs[0].encoder), *modules_of_measures()],
    watches=MEASURING,
    uses_device=True,
    subject="setting",
    subjects=lambda plan: list(dict.fromkeys(run.setting.name for run in plan.requests if plan.compares_seeds(run))),
)
