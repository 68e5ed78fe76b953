"""A claim, and the rows that claims are measured on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pipeline.settings.experiments import ClaimRule

Read = Callable[[str], pd.DataFrame]  # kind of measure -> rows of all the claim's runs, with the runs' fields
Values = dict[str, list[float]]  # data -> one value a seed, or a case
POSITIVE, NEGATIVE = ClaimRule(above=0), ClaimRule(below=0)
EVERY_POSITIVE, EVERY_NEGATIVE = ClaimRule(above=0, each=True), ClaimRule(below=0, each=True)


@dataclass(frozen=True)
class Claim:
    name: str
    statement: str
    quantity: str  # what is measured, once for each seed
    measure: Callable[..., Values]  # of `read` and, by their names, of its options
    experiments: tuple[str, ...]
    evidence: str  # the figure, or the file under the reports' folder
    rule: ClaimRule = POSITIVE  # unless the settings have another
    reads: tuple[str, ...] = ("alignment",)  # kinds of measures
    source: str = "paper"  # or ours: a check that the paper does not make
    paper: str = "no number"  # what it says in numbers
    options: tuple[str, ...] = ()  # settings that decide what is measured; the quantity may name them in braces


def by_data(rows: pd.DataFrame, values: Callable[[pd.DataFrame], list[float]]) -> Values:
    groups = rows.groupby(["dataset", "classes"], sort=False, dropna=False)
    return {f"{dataset}, C = {classes}": values(group) for (dataset, classes), group in groups}


def by_dataset(rows: pd.DataFrame, values: Callable[[pd.DataFrame], list[float]]) -> Values:
    """Where the number of classes is what is swept."""
    return {str(dataset): values(group) for dataset, group in rows.groupby("dataset", sort=False)}


def with_cl(read: Read, measure: str = "cka") -> pd.DataFrame:
    """Of every twin with CL on test images: the measure is the column `value`."""
    return read("alignment").query("first == 'cl' and split == 'test' and measure == @measure")


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
