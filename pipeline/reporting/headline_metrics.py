"""The numbers in short and as lines over the epochs, for comparisons between versions."""

from typing import Any

import pandas as pd

from pipeline.reporting.tables import with_numbers
from pipeline.reporting.verdicts import by_claim
from twin_alignment.measures.registry import MEASURES

DRAWN = [name for name, measure in MEASURES.items() if measure.drawn]


def short_metrics(table1: pd.DataFrame, table2: pd.DataFrame, claims: pd.DataFrame) -> dict[str, Any]:
    """Nested numbers: accuracies, similarities with CL on test images, and counts of verdicts by claim and by row."""
    rows = with_numbers(table2).query("first == 'cl' and split == 'test' and measure in @DRAWN")
    return {
        "accuracy": _nested(with_numbers(table1), "objective", "probe", 3),
        "similarity_with_cl": _nested(rows, "second", "measure", 5),
        "claims": _counts(by_claim(claims[claims["kind"] != "check"])),
        "verdicts": _counts(claims),
    }


def _nested(rows: pd.DataFrame, outer: str, inner: str, digits: int) -> dict[str, Any]:
    """Data -> outer -> inner -> mean."""
    numbers: dict[str, Any] = {}
    for row in rows.to_dict("records"):
        data = str(row["dataset"]) if pd.isna(row["classes"]) else f"{row['dataset']}-{int(row['classes'])}"
        numbers.setdefault(data, {}).setdefault(row[outer], {})[row[inner]] = round(row["mean"], digits)
    return numbers


def _counts(rows: pd.DataFrame) -> dict[str, int]:
    return {str(verdict): int(count) for verdict, count in sorted(rows["verdict"].value_counts().items())}


def similarity_over_epochs(alignment: pd.DataFrame) -> pd.DataFrame:
    """Similarities of one dataset on test images: a row an epoch, a column each measure and twin (`cka_nscl`)."""
    rows = alignment[(alignment["first"] == "cl") & (alignment["split"] == "test")]
    rows = pd.concat([rows[rows["measure"] == measure] for measure in DRAWN])  # columns in the order of the measures
    table = rows.pivot_table(index="epoch", columns=["measure", "second"], values="value", sort=False)
    table.columns = pd.Index(["_".join(map(str, column)) for column in table.columns])
    return table.reset_index()
