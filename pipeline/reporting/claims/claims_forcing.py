"""Claim on the theory of coherent forcing: it orders twins by their distance from CL better than Theorem 1 does."""

import pandas as pd

from pipeline.reporting.claim_definition import NOT_DATASET, Claim, Quantity, Read

PLACE = 7
RIVAL = "theorem1"
MIN_TWINS = 3  # for a rank correlation


def twins_of(read: Read) -> pd.DataFrame:
    """Displacement of every twin by every predictor, with its measured similarity."""
    from pipeline.reporting.predictions import displacements  # noqa: PLC0415  (torch takes seconds: for verdicts alone)

    return displacements(read("forcing"), read("alignment"))


def rank_differences(rows: pd.DataFrame) -> list[float]:
    """Rank correlation of the forcing with the measured distance minus that of Theorem 1's mismatch, by seed."""
    from pipeline.reporting.predictions import rank_of  # noqa: PLC0415

    by_seed = [group for _, group in rows.groupby("seed") if len(group) >= MIN_TWINS]
    return [rank_of(group, "forcing") - rank_of(group, RIVAL) for group in by_seed]


CLAIMS = (
    Claim(
        "forcing_orders_twins",
        "The coherent forcing orders twins by their distance from CL better than Theorem 1's mismatch does.",
        "Spearman's correlation with 1 - CKA / R (R: CKA of CL with cl_perturbed) of the forcing minus that of the "
        "mismatch, over all twins that read labels and all settings, test images at the last epoch",
        "Theorem 1's mismatch, which knows the largest group's share and the temperature; groups of random images, "
        "which have the same share and no coherent forcing",
        Quantity(
            twins_of,
            rank_differences,
            NOT_DATASET,
            is_slope=True,
        ),
        experiments=("label_granularity",),
        optional_experiments=("classes", "temperature", "batch", "duration"),
        evidence="prediction",
        reads=("forcing", "alignment"),
        source="ours",
        kind="primary",
    ),
)
