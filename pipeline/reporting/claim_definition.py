"""Claims, and the settings that their values belong to."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from pipeline.config.params import ClaimRule
from pipeline.config.run import Run
from pipeline.reporting.seed_intervals import Scale

Read = Callable[[str], pd.DataFrame]  # kind of measure -> rows of all the claim's runs, with the runs' fields
POSITIVE, NEGATIVE = ClaimRule(above=0), ClaimRule(below=0)
EVERY_POSITIVE, EVERY_NEGATIVE = ClaimRule(above=0, each=True), ClaimRule(below=0, each=True)
PRECONDITION_KINDS = ("probes", "baselines")  # they show whether CL learned anything
REPLICATES = ("seed", "subset_seed")  # fields in which runs of one setting differ
SETTING = tuple(field for field in Run.model_fields if field not in REPLICATES)
NOT_DATASET = tuple(field for field in SETTING if field != "dataset")


@dataclass(frozen=True)
class SettingKey:
    """Fields of a run with their values, shared by rows of all seeds; swept fields are left out."""

    fields: tuple[tuple[str, Any], ...]

    def rows(self, table: pd.DataFrame) -> pd.DataFrame:
        """Select the rows of a labelled table that have these values."""
        selected = pd.Series(True, index=table.index)
        for field, value in self.fields:
            codes, values = _compared(table[field])
            equal = values.isna() if value is None else values == value
            selected &= equal.to_numpy()[codes]
        return table[selected]


Values = dict[SettingKey, list[float]]  # one value a seed, or a case


@dataclass(frozen=True)
class Quantity:
    """Measured quantity of a claim: rows of runs, and the values that those of one setting have.

    Attributes:
        rows: of `read` and, by their names, of options: labelled rows of the runs that are compared.
        values: of the rows of one setting: a value a seed, or a case.
        swept: fields in which the runs behind one value differ.
        is_slope: values are slopes over these fields, and settings that did not learn can be left out.
    """

    rows: Callable[..., pd.DataFrame]
    values: Callable[[pd.DataFrame], list[float]]
    swept: tuple[str, ...] = ()
    is_slope: bool = False

    def __call__(self, read: Read, **options: Any) -> Values:
        return {key: self.values(group) for key, group in settings_of(self.rows(read, **options), self.swept)}


@dataclass(frozen=True)
class Claim:
    """A sentence, the quantity that decides it, and the control that would expose a wrong verdict."""

    name: str
    statement: str
    quantity: str  # measured once for each seed; may name options in braces
    control: str
    measure: Quantity
    experiments: tuple[str, ...]  # it needs all of them, unless `any_run`
    evidence: str  # the figure, or the file below the reports' folder
    rule: ClaimRule = POSITIVE  # unless the settings have another
    reads: tuple[str, ...] = ("alignment",)  # kinds of measures
    source: Literal["paper", "ours"] = "paper"
    paper: str = "no number"  # the paper's number
    kind: Literal["primary", "secondary", "check"] = "secondary"  # check: only a bug could refute it
    gate: str = ""  # primary claim that has to be decided before this one is tested
    margin: float | None = None  # smallest effect of interest: a mean within it of the rule's number is equivalent
    scale: Scale = "plain"  # on which values are averaged and tested
    is_intersection: bool = False  # values are those of the least certain of several cases, all of which have to hold
    needs_learning: bool = True  # verdict `not learned` where CL or a comparator learned nothing
    comparators: tuple[str, ...] = ()  # twins that CL's twin is compared with, which have to have learned as well
    any_run: bool = False  # measured on those of its experiments that exist
    optional_experiments: tuple[str, ...] = ()  # on which it is measured too where they exist
    options: tuple[str, ...] = ()  # settings that decide what is measured

    @property
    def kinds(self) -> tuple[str, ...]:
        """All kinds of measures that its verdict needs."""
        return tuple(dict.fromkeys((*self.reads, *(PRECONDITION_KINDS if self.needs_learning else ()))))

    def runs(self, experiments: Mapping[str, Sequence[Run]]) -> list[Run]:
        """Runs used by this claim, each once; empty if a required experiment is missing."""
        existing = [name for name in self.experiments if name in experiments]
        if len(existing) < len(self.experiments) and not self.any_run:
            return []
        existing += [name for name in self.optional_experiments if existing and name in experiments]
        return list(dict.fromkeys(run for name in existing for run in experiments[name]))


def settings_of(rows: pd.DataFrame, swept: Sequence[str] = ()) -> list[tuple[SettingKey, pd.DataFrame]]:
    """Split rows by setting; settings that differ only in the swept fields count as one."""
    fields = [field for field in SETTING if field in rows and field not in swept]
    groups = rows.groupby(row_keys(rows, fields), sort=False) if len(rows) else ()
    return [(SettingKey(tuple(zip(fields, key, strict=True))), group) for key, group in groups]


def setting_labels(settings: Sequence[SettingKey]) -> dict[SettingKey, str]:
    """Label settings: `digits, C = 10`, then the fields in which settings of the same dataset and classes differ."""
    fields = {setting: dict(setting.fields) for setting in settings}
    labels = {}
    for setting, values in fields.items():
        alike = [same for same in fields.values() if _dataset_label(same) == _dataset_label(values)]
        differing = [field for field in values if any(same.get(field) != values[field] for same in alike)]
        labels[setting] = ", ".join((_dataset_label(values), *(f"{name} = {values[name]}" for name in differing)))
    return labels


def row_keys(rows: pd.DataFrame, fields: Sequence[str]) -> pd.Series:
    """Values of some fields of every row, as tuples that compare between tables."""
    columns = [values.iloc[codes].tolist() for codes, values in (_compared(rows[field]) for field in fields)]
    return pd.Series(list(zip(*columns, strict=True)), rows.index, dtype=object)


def _dataset_label(fields: dict[str, Any]) -> str:
    return f"{fields['dataset']}, C = {fields['classes']}" if "classes" in fields else str(fields["dataset"])


def _compared(column: "pd.Series[Any]") -> tuple[np.ndarray, "pd.Series[Any]"]:
    """Code of every row's value [N], and the values by their codes: runs have few."""
    codes, values = pd.factorize(column.astype(object), use_na_sentinel=False)
    return codes, pd.Series(values, dtype=object).map(_comparable)


def _comparable(value: Any) -> Any:
    """A value of a run, or of a table read from a file, in one form."""
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return None
    return int(value) if isinstance(value, float) and value.is_integer() else value
