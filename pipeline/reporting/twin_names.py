"""Groups of twins, and the paper's values for figures."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from pipeline.config.objectives import OBJECTIVES
from pipeline.reporting.measured_tables import Reading


@dataclass(frozen=True)
class LeftOut:
    """Share of the weight of same-class negatives that is left out, by `true` or `shuffled` labels."""

    labels: str
    share: float


_DROPOUT = {name: o.same_class_negative_dropout for name, o in OBJECTIVES.items()}
PARTIAL = tuple(name for name, share in _DROPOUT.items() if share is not None)
LEFT_OUT = {name: LeftOut(OBJECTIVES[name].labels, share) for name, share in _DROPOUT.items() if share is not None}
LEFT_OUT |= {name: LeftOut(OBJECTIVES[name].labels, 1.0) for name in ("nscl", "nscl_shuffled")}
CONTROLS = ("nscl_shuffled", "cl_independent", "cl_perturbed")
FLOOR = "cl_perturbed"  # how far CL goes from itself: what is no further has no effect of its own
PAPER = "paper"  # in the column `source`
ANOTHER_SEED = "cl, another seed"  # in the column `second`


def without_partial_labels(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Drop partial NSCL, which has its own figure."""
    return rows[~rows[column].isin(PARTIAL)]


def pairs_with_cl(rows: pd.DataFrame) -> pd.DataFrame:
    """Select pairs whose first network is CL, without partial NSCL."""
    return without_partial_labels(rows[rows["first"] == "cl"], "second")


def published_rows(reading: Reading, artifact: str, rows: pd.DataFrame, parts: bool = False) -> pd.DataFrame:
    """The paper's values of one figure, as rows of a figure's table.

    Args:
        reading: has the paper's values.
        artifact: name of the paper's figure.
        rows: what was measured; datasets count that it has with all their classes.
        parts: datasets count with any number of classes.

    Returns:
        Columns dataset, split, epoch, second, measure, mean, n_seeds, source; and classes unless `parts`.
    """
    classes = reading.published_classes
    pairs = set(zip(rows["dataset"], rows["classes"], strict=True))
    datasets = {dataset for dataset, count in pairs if parts or classes.get(dataset) == count}
    values = reading.paper(artifact)
    values = values[values["dataset"].isin(datasets)]
    points = values[["dataset", "split", "measure"]].assign(
        epoch=values["epoch"].astype(int), second=values["objective"], mean=values["value"], n_seeds=1, source=PAPER
    )
    return points if parts else points.assign(classes=points["dataset"].map(classes))


def another_seed_rows(pairs: pd.DataFrame, by: Sequence[str], measures: Sequence[str]) -> pd.DataFrame:
    """CL with CL of another seed, as rows of twins: the mean over pairs of seeds, with their range as the interval.

    Args:
        pairs: columns of `by`, measure and value.
        by: columns of groups.
        measures: those to keep.
    """
    groups = pairs[pairs["measure"].isin(measures)].groupby([*by, "measure"], sort=False, dropna=False)["value"]
    rows = [
        {
            **dict(zip((*by, "measure"), key, strict=True)),
            "second": ANOTHER_SEED,
            "n_seeds": len(values),
            "mean": values.mean(),
            "ci_low": values.min(),
            "ci_high": values.max(),
        }
        for key, values in groups
    ]
    return pd.DataFrame(rows)


def concat_filled(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Concatenate tables without empty ones, whose columns have no type."""
    return pd.concat([part for part in parts if len(part)], ignore_index=True)
