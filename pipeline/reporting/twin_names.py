"""Which twins figures show, and what the paper shows at the same places."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from pipeline.config.objectives import OBJECTIVES
from pipeline.reporting.measured_tables import Reading


@dataclass(frozen=True)
class LeftOut:
    """Whose labels (`true` or `shuffled`) say which negatives are left out, and the share of their weight that is."""

    labels: str
    share: float


PARTIAL = tuple(name for name, objective in OBJECTIVES.items() if objective.same_class_negative_dropout is not None)
LEFT_OUT = {
    **{
        name: LeftOut(o.labels, o.same_class_negative_dropout)
        for name, o in OBJECTIVES.items()
        if o.same_class_negative_dropout is not None
    },
    **{name: LeftOut(OBJECTIVES[name].labels, 1.0) for name in ("nscl", "nscl_shuffled")},
}
CONTROLS = ("nscl_shuffled", "cl_independent", "cl_perturbed")
PAPER = "paper"  # in a column `source`
ANOTHER_SEED = "cl, another seed"  # in a column `second`


def without_partial_labels(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Rows whose objective is not a partial NSCL: those have a figure of their own."""
    return rows[~rows[column].isin(PARTIAL)]


def with_cl(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of pairs whose first is CL, but for partial NSCL."""
    return without_partial_labels(rows[rows["first"] == "cl"], "second")


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


def of_another_seed(pairs: pd.DataFrame, by: Sequence[str], measures: Sequence[str]) -> pd.DataFrame:
    """CL with CL of another seed, as rows beside those of twins: the mean of all pairs of seeds and, for an interval,
    their range. Pairs have the columns of `by`, measure and value."""
    known = pairs[pairs["measure"].isin(measures)]
    rows = [
        {
            **dict(zip((*by, "measure"), key, strict=True)),
            "second": ANOTHER_SEED,
            "n_seeds": len(values),
            "mean": values.mean(),
            "ci_low": values.min(),
            "ci_high": values.max(),
        }
        for key, values in known.groupby([*by, "measure"], sort=False, dropna=False)["value"]
    ]
    return pd.DataFrame(rows)
