"""The numbers in short and as lines over the epochs, for comparisons between versions."""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from pipeline.reporting.tables import with_numbers
from pipeline.reporting.verdicts import by_claim
from twin_alignment.measures.registry import MEASURES

DRAWN = [name for name, measure in MEASURES.items() if measure.drawn]


def short_metrics(table1: pd.DataFrame, table2: pd.DataFrame, claims: pd.DataFrame) -> dict[str, Any]:
    """Nested numbers: accuracy by data, objective and probe; similarity with CL on test images; verdicts counted,
    of claims, once each, and of all rows."""
    found: dict[str, Any] = {"accuracy": {}, "similarity_with_cl": {}}
    for row in with_numbers(table1).to_dict("records"):
        data = found["accuracy"].setdefault(_data(row), {})
        data.setdefault(row["objective"], {})[row["probe"]] = round(row["mean"], 3)
    shown = with_numbers(table2)
    shown = shown[(shown["first"] == "cl") & (shown["split"] == "test")]
    for row in shown[shown["measure"].isin(DRAWN)].to_dict("records"):
        data = found["similarity_with_cl"].setdefault(_data(row), {})
        data.setdefault(row["second"], {})[row["measure"]] = round(row["mean"], 5)
    one_each = by_claim(claims[claims["kind"] == "claim"])
    return {**found, "claims": _counts(one_each), "verdicts": _counts(claims)}


def _data(row: Mapping[Hashable, Any]) -> str:
    return str(row["dataset"]) if pd.isna(row["classes"]) else f"{row['dataset']}-{int(row['classes'])}"


def _counts(rows: pd.DataFrame) -> dict[str, int]:
    return {str(verdict): int(count) for verdict, count in sorted(rows["verdict"].value_counts().items())}


def similarity_over_epochs(alignment: pd.DataFrame) -> pd.DataFrame:
    """Of one dataset: a row an epoch, a column each measure and twin (`cka_nscl`), means over seeds on test images."""
    rows = alignment[(alignment["first"] == "cl") & (alignment["split"] == "test")]
    rows = pd.concat([rows[rows["measure"] == measure] for measure in DRAWN])  # columns in the order of the measures
    wide = rows.pivot_table(index="epoch", columns=["measure", "second"], values="value", sort=False)
    wide.columns = pd.Index(["_".join(map(str, column)) for column in wide.columns])
    return wide.reset_index()
