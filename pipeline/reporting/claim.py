"""A claim, and the rows that claims are measured on."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from pipeline.config.params import ClaimRule
from pipeline.config.run import Run
from pipeline.reporting.seed_intervals import Scale

Read = Callable[[str], pd.DataFrame]  # kind of measure -> rows of all the claim's runs, with the runs' fields
POSITIVE, NEGATIVE = ClaimRule(above=0), ClaimRule(below=0)
EVERY_POSITIVE, EVERY_NEGATIVE = ClaimRule(above=0, each=True), ClaimRule(below=0, each=True)
GATE = ("probes", "baselines")  # kinds that tell whether CL learned anything
REPLICATES = ("seed", "subset_seed")  # fields in which runs of one setting differ
SETTING = tuple(field for field in Run.model_fields if field not in REPLICATES)
NOT_DATASET = tuple(field for field in SETTING if field != "dataset")


@dataclass(frozen=True)
class Data:
    """What rows of all seeds have in common: fields of a run with their values, without those that are swept."""

    fields: tuple[tuple[str, Any], ...]

    def rows(self, table: pd.DataFrame) -> pd.DataFrame:
        """Those of a labelled table that have these values."""
        own = pd.Series(True, index=table.index)
        for field, value in self.fields:
            found = table[field].astype(object).map(_plain)
            own &= found.isna() if value is None else found == value
        return table[own]


Values = dict[Data, list[float]]  # one value a seed, or a case


@dataclass(frozen=True)
class Claim:
    name: str
    statement: str
    quantity: str  # what is measured, once for each seed
    control: str  # what would have exposed a wrong verdict
    measure: Callable[..., Values]  # of `read` and, by their names, of its options
    experiments: tuple[str, ...]  # all of which it needs, unless it is about any run
    evidence: str  # the figure, or the file under the reports' folder
    rule: ClaimRule = POSITIVE  # unless the settings have another
    reads: tuple[str, ...] = ("alignment",)  # kinds of measures
    source: str = "paper"  # or ours: not in the paper
    paper: str = "no number"  # what it says in numbers
    kind: Literal["claim", "check"] = "claim"  # check: only a bug could refute it
    scale: Scale = "plain"  # on which values are averaged and tested
    gated: bool = True  # not learned, where CL's features are no better than pixels and an untrained network's
    entering: Callable[[pd.DataFrame], pd.DataFrame] = lambda rows: rows  # of labelled rows those of runs that enter
    any_run: bool = False  # measured on whichever of its experiments there are
    options: tuple[str, ...] = ()  # settings that decide what is measured; the quantity may name them in braces

    @property
    def kinds(self) -> tuple[str, ...]:
        """All kinds of measures that its verdict needs."""
        return tuple(dict.fromkeys((*self.reads, *(GATE if self.gated else ()))))

    def runs(self, experiments: Mapping[str, Sequence[Run]]) -> list[Run]:
        """Those that it is measured on, each once; none where an experiment that it needs is not there."""
        known = [name for name in self.experiments if name in experiments]
        enough = known == list(self.experiments) or self.any_run
        return list(dict.fromkeys(run for name in known for run in experiments[name])) if enough else []


def settings_of(rows: pd.DataFrame, swept: Sequence[str] = ()) -> list[tuple[Data, pd.DataFrame]]:
    """Rows of every setting by themselves, where settings that differ in the swept fields alone are one."""
    fields = [field for field in SETTING if field in rows and field not in swept]
    groups = rows.groupby(_keys(rows, fields), sort=False) if len(rows) else ()
    return [(Data(tuple(zip(fields, key, strict=True))), group) for key, group in groups]


def by_data(rows: pd.DataFrame, values: Callable[[pd.DataFrame], list[float]], swept: Sequence[str] = ()) -> Values:
    return {data: values(group) for data, group in settings_of(rows, swept)}


def labels(data: Sequence[Data]) -> dict[Data, str]:
    """`digits, C = 10`, and after it what tells settings of the same dataset and classes apart."""
    found = {}
    for one in data:
        own = dict(one.fields)
        alike = [dict(other.fields) for other in data if _name(dict(other.fields)) == _name(own)]
        differing = [field for field in own if any(other.get(field) != own[field] for other in alike)]
        found[one] = ", ".join((_name(own), *(f"{field} = {own[field]}" for field in differing)))
    return found


def with_cl(read: Read, measure: str = "cka") -> pd.DataFrame:
    """Of every twin with CL on test images: the measure is the column `value`."""
    return read("alignment").query("first == 'cl' and split == 'test' and measure == @measure")


def with_movement(read: Read, rows: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Rows of a run and epoch, or of a run's end where they have no epoch, with CL's movement up to there."""
    movement = read("movement").query("objective == 'cl'")
    if "epoch" not in rows:
        rows = rows.assign(epoch=rows["epochs"])
    movement = movement.assign(key=_moments(movement)).set_index("key")[list(columns)]
    return rows.assign(key=_moments(rows)).join(movement, on="key").drop(columns="key")


def last(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["epoch"] == rows["epochs"]]


def nscl(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["second"] == "nscl"]


def wide(rows: pd.DataFrame, names: str, needed: Sequence[Any], values: str = "value") -> pd.DataFrame:
    """One row a seed, one column for each of the needed `names`; no row where one of them was not run."""
    found = rows.pivot_table(index="seed", columns=names, values=values)
    return found[list(needed)] if set(needed) <= set(found) else pd.DataFrame(columns=list(needed), dtype=float)


def difference(rows: pd.DataFrame, one: str, other: str, names: str = "second", values: str = "value") -> list[float]:
    """Of every seed the value at one of `names` less that at another."""
    found = wide(rows, names, (one, other), values)
    return (found[one] - found[other]).tolist()


def _name(fields: dict[str, Any]) -> str:
    return f"{fields['dataset']}, C = {fields['classes']}" if "classes" in fields else str(fields["dataset"])


def _moments(rows: pd.DataFrame) -> pd.Series:
    return _keys(rows, [field for field in (*Run.model_fields, "epoch") if field in rows])


def _keys(rows: pd.DataFrame, fields: Sequence[str]) -> pd.Series:
    """Of every row the values of some fields, as they compare between tables."""
    columns = [rows[field].astype(object).map(_plain) for field in fields]
    return pd.Series(list(zip(*columns, strict=True)), rows.index, dtype=object)


def _plain(value: Any) -> Any:
    """The same for a value of a run and for what a table that was read has in its place."""
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return None
    return int(value) if isinstance(value, float) and value.is_integer() else value
