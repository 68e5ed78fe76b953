"""Which twins figures show, and what the paper shows at the same places."""

import pandas as pd

from pipeline.objectives import OBJECTIVES
from pipeline.reporting.reading import Reading

DOSES = tuple(name for name, objective in OBJECTIVES.items() if objective.dropped is not None)
CONTROLS = ("nscl_shuffled", "cl_replica", "cl_nudged")
PAPER = "paper"  # in a column `source`


def without_doses(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Rows whose objective is not a dose of NSCL: those have a figure of their own."""
    return rows[~rows[column].isin(DOSES)]


def with_cl(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of pairs whose first is CL, but for doses."""
    return without_doses(rows[rows["first"] == "cl"], "second")


def published(reading: Reading, artifact: str, rows: pd.DataFrame, parts: bool = False) -> pd.DataFrame:
    """The paper's values of one figure for datasets that the rows have whole, or with `parts` in any part.

    Columns dataset, split, epoch, second, measure, mean, source; classes too where datasets are whole.
    """
    known = reading.published_classes
    pairs = set(zip(rows["dataset"], rows["classes"], strict=True))
    datasets = {dataset for dataset, classes in pairs if parts or known.get(dataset) == classes}
    values = reading.paper(artifact)
    values = values[values["dataset"].isin(datasets)]
    found = values[["dataset", "split", "measure"]].assign(
        epoch=values["epoch"].astype(int), second=values["objective"], mean=values["value"], n_seeds=1, source=PAPER
    )
    return found if parts else found.assign(classes=found["dataset"].map(known))
