"""Measures of many runs, read from the files that a stage gets."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from pipeline.config.run import Run
from pipeline.reporting.learned import BASELINES
from pipeline.reporting.measured import labelled, rows_of
from pipeline.reporting.paper_values import COLUMNS, read_paper_values
from pipeline.system.files import Inputs

Read = Callable[[str], pd.DataFrame]  # kind of measure -> rows of all requested runs, with the runs' fields as columns

WITHOUT_RUN = ("descent",)  # kinds that are simulated
IN_ONE_FILE = ("bounds",)  # kinds with one labelled file for all runs
PER_SETTING = ("between_seeds", "twins_between_seeds")  # kinds with a file for all runs that differ only in their seed
PER_SUBSET = ("baselines",)  # kinds with a file for all runs that train on the same images
TWIN_COLUMNS = frozenset(("objective", "first", "second"))
_PAIR = ("epoch", "first", "second")
PAIR_COLUMNS = {  # kinds that are empty, without a header, of a run with a single twin; and their columns
    "alignment": (*_PAIR, "split", "rows", "measure", "value", "low", "high", "null"),
    "weights": (*_PAIR, "weight_gap", "weight_gap_released", "weight_angle", "representation_angle"),
}
VALUES = ("value", "cdnv")  # columns that are NaN of collapsed networks


@dataclass(frozen=True)
class Reading:
    """Sources of a figure's table."""

    read: Read
    paper: Callable[[str], pd.DataFrame]  # the paper's values by table or figure, see `paper_table`
    published_classes: Mapping[str, int]  # of the paper's datasets


def reader(inputs: Inputs, runs: Mapping[str, Sequence[Run]]) -> Callable[[Sequence[Run]], Read]:
    """Return a function of some runs that reads their measures by kind.

    Args:
        inputs: files by kind.
        runs: by kind, the runs that its files are of, in their order.

    Raises:
        ValueError: the numbers of files and runs differ.
    """
    files = {
        kind: dict(zip(dict.fromkeys(_owner(kind, run) for run in those), inputs[kind], strict=True))
        for kind, those in runs.items()
    }

    @cache
    def table_of(path: Path, kind: str) -> pd.DataFrame:
        return without_collapsed(read_measures(path, kind))

    def table(kind: str, owner: str) -> pd.DataFrame:
        return table_of(*inputs[kind], kind) if kind in WITHOUT_RUN else table_of(files[kind][owner], kind)

    return reader_of_tables(table)


def reader_of_tables(table: Callable[[str, str], pd.DataFrame]) -> Callable[[Sequence[Run]], Read]:
    """Return a function of some runs that reads their measures by kind.

    Args:
        table: of a kind, and the name of the run, setting or subset that it belongs to; empty: of all runs.
    """

    @cache  # many claims are about the same runs
    def rows_of_runs(kind: str, requested: tuple[Run, ...]) -> pd.DataFrame:
        if kind in WITHOUT_RUN:
            return table(kind, "")
        owners = dict.fromkeys(run.setting for run in requested) if kind in PER_SETTING else requested
        select = rows_of if kind in IN_ONE_FILE else labelled
        return pd.concat([select(run, table(kind, _owner(kind, run))) for run in owners])

    def read_runs(requested: Sequence[Run]) -> Read:
        runs = tuple(requested)
        return lambda kind: rows_of_runs(kind, runs).copy()

    return read_runs


def select_twins(read: Read, objectives: Sequence[str]) -> Read:
    """Read without rows of other twins, which another experiment may have requested."""
    names = {*objectives, *BASELINES}

    def read_selected(kind: str) -> pd.DataFrame:
        rows = read(kind)
        for column in TWIN_COLUMNS.intersection(rows):
            rows = rows[rows[column].isin(names)]
        return rows

    return read_selected


def _owner(kind: str, run: Run) -> str:
    """Name of the run, setting or subset that has a file of a kind."""
    if kind in (*WITHOUT_RUN, *IN_ONE_FILE):
        return ""
    if kind in PER_SUBSET:
        return run.subset
    return (run.setting if kind in PER_SETTING else run).name


def read_measures(path: Path, kind: str) -> pd.DataFrame:
    """Read one file; a run without a pair of twins has no rows."""
    if kind in PAIR_COLUMNS and path.stat().st_size <= 1:
        return pd.DataFrame(columns=list(PAIR_COLUMNS[kind]))
    return pd.read_csv(path)


def finished(path: Path, command: str, kind: str = "") -> pd.DataFrame:
    """Read a table that exists already.

    Raises:
        FileNotFoundError: names the command that makes the table.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: missing; `{command}` makes it")
    return read_measures(path, kind)


def without_collapsed(rows: pd.DataFrame) -> pd.DataFrame:
    """Drop rows of collapsed networks, which have no value."""
    return rows.dropna(subset=[name for name in VALUES if name in rows])


def load_learning_evidence(
    inputs: Inputs, runs: Sequence[Run]
) -> tuple[dict[Run, pd.DataFrame], dict[str, pd.DataFrame], dict[Run, pd.DataFrame]]:
    """Read what shows whether runs learned: probes by run, baselines by subset, movement by run."""
    probes, movement = (dict(zip(runs, map(pd.read_csv, inputs[kind]), strict=True)) for kind in ("probes", "movement"))
    subsets = dict.fromkeys(run.subset for run in runs)
    return probes, dict(zip(subsets, map(pd.read_csv, inputs["baselines"]), strict=True)), movement


def paper_table(path: Path, *artifacts: str) -> pd.DataFrame:
    """The paper's values of some tables or figures, with all columns of the file but `artifact`."""
    values = read_paper_values(path)
    rows = [asdict(value) for artifact in artifacts for value in values if value.artifact == artifact]
    return pd.DataFrame(rows, columns=list(COLUMNS)).drop(columns="artifact")
