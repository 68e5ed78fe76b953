"""Measures of many runs, read from the files that a stage was given."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from pipeline.config.run import Run
from pipeline.reporting.learned import RAW_PIXELS, UNTRAINED
from pipeline.reporting.measured import labelled, rows_of
from pipeline.reporting.paper_values import COLUMNS, read_paper_values
from pipeline.system.files import Inputs

Read = Callable[[str], pd.DataFrame]  # kind of measure -> rows of all runs asked for, with the runs' fields as columns

OF_ALL_RUNS = ("bounds",)  # kinds of which one file has all runs, labelled
OF_NO_RUN = ("descent",)  # simulated
OF_SEEDS = ("between_seeds",)  # kinds of which a file is of all runs that differ only in their seed
OF_SUBSETS = ("baselines",)  # kinds of which a file is of all runs that train on the same images
TWINS = frozenset(("objective", "first", "second"))  # columns that name one
_PAIR = ("epoch", "first", "second")
OF_PAIRS = {  # kinds of which a run with a single twin has nothing, not even a header, and the columns that others have
    "alignment": (*_PAIR, "split", "rows", "measure", "value", "low", "high", "null"),
    "weights": (*_PAIR, "weight_gap", "weight_gap_released", "weight_angle", "representation_angle"),
}
VALUES = ("value", "cdnv")  # columns of which a row is nothing without


@dataclass(frozen=True)
class Reading:
    """All that a figure's table is made from."""

    read: Read
    paper: Callable[[str], pd.DataFrame]  # its published values by table or figure, see `paper_values`
    published_classes: Mapping[str, int]  # of the paper's datasets


def reader(inputs: Inputs, runs: Mapping[str, Sequence[Run]]) -> Callable[[Sequence[Run]], Read]:
    """Gives some runs' measures of each kind; `runs[kind]` are those that the files of `inputs[kind]` are of, in their
    order. Raises ValueError where files and runs are not as many."""
    files = {
        kind: dict(zip(dict.fromkeys(_owner(kind, run) for run in those), inputs[kind], strict=True))
        for kind, those in runs.items()
    }

    @cache
    def table_of(path: Path, kind: str) -> pd.DataFrame:
        return without_values(measures(path, kind))

    def of(asked: Sequence[Run]) -> Read:
        def read(kind: str) -> pd.DataFrame:
            if kind in OF_NO_RUN:
                return table_of(*inputs[kind], kind)
            named = asked if kind not in OF_SEEDS else dict.fromkeys(run.setting for run in asked)
            tables = [(run, table_of(files[kind][_owner(kind, run)], kind)) for run in named]
            of_run = rows_of if kind in OF_ALL_RUNS else labelled
            return pd.concat([of_run(run, table) for run, table in tables])

        return read

    return of


def of_twins(read: Read, objectives: Sequence[str]) -> Read:
    """The same without rows of other twins that the runs have: another experiment may have asked for those."""
    shown = {*objectives, RAW_PIXELS, UNTRAINED}

    def of(kind: str) -> pd.DataFrame:
        rows = read(kind)
        for column in TWINS.intersection(rows):
            rows = rows[rows[column].isin(shown)]
        return rows

    return of


def _owner(kind: str, run: Run) -> str:
    """Name of what a kind has a file of, that a run takes part in."""
    if kind in (*OF_NO_RUN, *OF_ALL_RUNS):
        return ""
    if kind in OF_SUBSETS:
        return run.subset
    return (run.setting if kind in OF_SEEDS else run).name


def measures(path: Path, kind: str) -> pd.DataFrame:
    """Of one file; without rows of a run that has no pair of twins."""
    if kind in OF_PAIRS and path.stat().st_size <= 1:
        return pd.DataFrame(columns=list(OF_PAIRS[kind]))
    return pd.read_csv(path)


def finished(path: Path, command: str, kind: str = "") -> pd.DataFrame:
    """A table; raises FileNotFoundError that names the command which makes it."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: missing; `{command}` makes it")
    return measures(path, kind)


def without_values(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows but for those of collapsed networks, which have no value."""
    return rows.dropna(subset=[name for name in VALUES if name in rows])


def learning(
    inputs: Inputs, runs: Sequence[Run]
) -> tuple[dict[Run, pd.DataFrame], dict[str, pd.DataFrame], dict[Run, pd.DataFrame]]:
    """What tells whether runs learned: probes by run, baselines by subset and movement by run."""
    probes, movement = (dict(zip(runs, map(pd.read_csv, inputs[kind]), strict=True)) for kind in ("probes", "movement"))
    subsets = dict.fromkeys(run.subset for run in runs)
    return probes, dict(zip(subsets, map(pd.read_csv, inputs["baselines"]), strict=True)), movement


def paper_values(path: Path, artifact: str) -> pd.DataFrame:
    """Rows of one table or figure of the paper: dataset, split, epoch, objective, measure, value, tolerance, source."""
    rows = [asdict(value) for value in read_paper_values(path) if value.artifact == artifact]
    return pd.DataFrame(rows, columns=list(COLUMNS)).drop(columns="artifact")
