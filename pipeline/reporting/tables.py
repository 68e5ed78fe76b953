"""What tables have in common: one row per setting and quantity, averaged over seeds."""

import math
from typing import Any

import pandas as pd

from pipeline.files import NOT_AVAILABLE
from pipeline.runs import Run

MEASURED, NOT_RUN = "measured", "not run"


def encoder_name(run: Run) -> str:
    return f"{run.encoder}-w{run.width}"


def number(value: float, digits: int) -> str:
    return NOT_AVAILABLE if math.isnan(value) else f"{value:.{digits}f}"


def short_metrics(table1: pd.DataFrame, table2: pd.DataFrame, claims: pd.DataFrame) -> dict[str, Any]:
    """Nested numbers: accuracy by data, objective and probe; CKA and RSA with CL on test images; verdicts counted."""
    found: dict[str, Any] = {"accuracy": {}, "similarity_with_cl": {}}
    for row in table1[table1["status"] != NOT_RUN].to_dict("records"):
        data = found["accuracy"].setdefault(f"{row['dataset']}-{row['classes']}", {})
        data.setdefault(row["objective"], {})[row["probe"]] = round(row["mean"], 3)
    shown = table2[(table2["status"] != NOT_RUN) & (table2["first"] == "cl") & (table2["split"] == "test")]
    for row in shown[shown["measure"].isin(("cka", "rsa"))].to_dict("records"):
        data = found["similarity_with_cl"].setdefault(f"{row['dataset']}-{row['classes']}", {})
        data.setdefault(row["second"], {})[row["measure"]] = round(row["mean"], 5)
    counts = claims["verdict"].value_counts().to_dict()
    return {**found, "verdicts": {str(verdict): int(count) for verdict, count in sorted(counts.items())}}


def similarity_over_epochs(alignment: pd.DataFrame) -> pd.DataFrame:
    """Of one dataset: a row an epoch, a column each measure and twin (`cka_nscl`), means over seeds on test images."""
    rows = alignment[(alignment["first"] == "cl") & (alignment["split"] == "test")]
    long = rows.melt(["epoch", "second"], ["cka", "rsa"], "measure")
    wide = long.pivot_table(index="epoch", columns=["measure", "second"], values="value", sort=False)
    wide.columns = pd.Index(["_".join(map(str, column)) for column in wide.columns])
    return wide.reset_index()
