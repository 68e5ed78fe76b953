"""Measures of many runs, read from the files that a stage was given."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline.reporting.measured import labelled, rows_of
from pipeline.settings.run import Run
from pipeline.stages import Inputs

Read = Callable[[str], pd.DataFrame]  # kind of measure -> rows of all runs asked for, with the runs' fields as columns

OF_ALL_RUNS = ("bounds", "loss_gap", "merging")  # kinds of which one file has all runs, labelled
OF_NO_RUN = ("descent",)  # simulated
OF_SEEDS = ("between_seeds",)  # kinds of which a file is of all runs that differ only in their seed


@dataclass(frozen=True)
class Reading:
    """All that a figure's table is made from."""

    read: Read
    paper: Callable[[str], pd.DataFrame]  # its published values by table or figure, see `paper_values`
    published_classes: Mapping[str, int]  # of the paper's datasets


def reader(inputs: Inputs, runs: Mapping[str, Sequence[Run]]) -> Callable[[Sequence[Run]], Read]:
    """Gives some runs' measures of each kind; `runs[kind]` are those that the files of `inputs[kind]` are of, in their
    order. Raises ValueError where files and runs are not as many."""
    files = {kind: dict(zip(_owners(kind, those), inputs[kind], strict=True)) for kind, those in runs.items()}

    def of(asked: Sequence[Run]) -> Read:
        def read(kind: str) -> pd.DataFrame:
            tables = {owner: pd.read_csv(files[kind][owner]) for owner in _owners(kind, asked)}
            if kind in OF_NO_RUN:
                return tables[None]
            if kind in OF_ALL_RUNS:
                return pd.concat([rows_of(run, tables[None]) for run in asked])
            return pd.concat([labelled(run, table) for run, table in tables.items() if run is not None])

        return read

    return of


def _owners(kind: str, runs: Sequence[Run]) -> list[Run | None]:
    """What a kind has a file of, each."""
    if kind in (*OF_NO_RUN, *OF_ALL_RUNS):
        return [None]
    return list(dict.fromkeys(run.setting if kind in OF_SEEDS else run for run in runs))


def paper_values(path: Path, artifact: str) -> pd.DataFrame:
    """Rows of one table or figure of the paper: dataset, split, epoch, objective, measure, value, tolerance, source."""
    values = pd.read_csv(path)
    return values[values["artifact"] == artifact].drop(columns="artifact")
