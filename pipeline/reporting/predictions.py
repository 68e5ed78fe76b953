"""Predictions of how far twins end from CL, by the forcing and by its rivals, against what was measured.

A predictor gives each twin a squared displacement x of CL's kernel, known up to one constant: CKA = R / sqrt(1 + c x),
R being the CKA of CL with its copy that has one weight moved. The constant is fitted on one twin or setting, and all
others are predicted.
"""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.stats import spearmanr

from pipeline.config.run import Run
from pipeline.reporting.claim_definition import SETTING, row_keys
from pipeline.reporting.twin_names import FLOOR
from twin_alignment.theory.coherent_forcing import cka_after
from twin_alignment.theory.theorem_bounds import log_mismatch_sharp

MAX_LOG_CONSTANT = 40.0  # natural logarithm; the fit is searched within
NAMES = ["dataset", "classes", "setting", "second"]  # of a twin in the table


def _forcing(rows: pd.DataFrame) -> float:
    return float(rows["forcing"].iloc[-1])


def _theorem(rows: pd.DataFrame) -> float:
    last = rows.iloc[-1]
    return math.exp(2 * log_mismatch_sharp(float(last["largest_share"]), float(last["temperature"])))


def _certificate(rows: pd.DataFrame) -> float:
    masses, lengths = np.sqrt(rows["square_mass"].to_numpy()), rows["path_length"].to_numpy()
    return float(np.trapezoid(masses, lengths)) ** 2


def _path_length(rows: pd.DataFrame) -> float:
    return float(rows["path_length"].iloc[-1]) ** 2


PREDICTORS: Mapping[str, Callable[[pd.DataFrame], float]] = {
    "forcing": _forcing,  # share of the kernel that the coherent part of the gradients' difference turns
    "theorem1": _theorem,  # square of Theorem 1's mismatch, which reads the largest class share and the temperature
    "certificate": _certificate,  # square of the sum over steps of the rate times the root mean square of q
    "path_length": _path_length,  # square of the path length, the same for all twins of a run
}


def displacements(forcing: pd.DataFrame, alignment: pd.DataFrame) -> pd.DataFrame:
    """Join what every predictor says of a twin with what was measured, run by run.

    Args:
        forcing: rows of the stage `forcing`, with the runs' fields.
        alignment: rows of `alignment`, with the runs' fields.

    Returns:
        The runs' fields, second, measured (CKA with CL on test images at the end), consistency (that of the perturbed
        CL), and a column for each of PREDICTORS. Twins of runs without a perturbed CL are left out.
    """
    fields = [field for field in Run.model_fields if field in forcing and field in alignment]
    ends = alignment.query("first == 'cl' and split == 'test' and measure == 'cka' and epoch == epochs")
    cka = dict(zip(zip(row_keys(ends, fields), ends["second"], strict=True), ends["value"], strict=True))
    ordered = forcing.assign(run=row_keys(forcing, fields)).sort_values("step")
    rows = [
        {
            **group.iloc[0][fields],
            "second": second,
            "measured": cka[run, second],
            "consistency": cka[run, FLOOR],
            **{name: predictor(group) for name, predictor in PREDICTORS.items()},
        }
        for (run, second), group in ordered.groupby(["run", "objective"], sort=False)
        if (run, second) in cka and (run, FLOOR) in cka
    ]
    return pd.DataFrame(rows, columns=[*fields, "second", "measured", "consistency", *PREDICTORS])


def predictions(frame: pd.DataFrame) -> pd.DataFrame:
    """Predict every twin's CKA by every predictor.

    Each constant is fitted on one twin, that which the forcing says ends furthest from CL: its distance is measured
    best, and nothing measured chooses it.

    Args:
        frame: of `displacements`.

    Returns:
        NAMES, predictor, displacement, measured, consistency (means over seeds), is_reference, predicted (by the
        reference's constant), predicted_without (by the constant of all others, so that no twin takes part in its own
        prediction). For each predictor `error`, `error_without` (root mean squares, `error` without the reference) and
        `rank` (Spearman's correlation of displacement with the measured distance 1 - CKA / R).
    """
    named = frame.assign(setting=setting_names(frame))
    means = named.groupby(NAMES, sort=False, dropna=False)[["measured", "consistency", *PREDICTORS]].mean()
    means = means.reset_index()
    is_reference = means["forcing"] == means["forcing"].max()
    parts = []
    for name in PREDICTORS:
        rows = means[[*NAMES, "measured", "consistency"]].assign(predictor=name, displacement=means[name])
        rows["is_reference"] = is_reference
        rows["predicted"] = _predicted(rows, fit(rows[is_reference]))
        rows["predicted_without"] = [
            _predicted(rows.iloc[[i]], fit(rows.drop(rows.index[i]))).iloc[0] for i in range(len(rows))
        ]
        predicted = rows[~is_reference]
        parts.append(
            rows.assign(
                error=_root_mean_square(predicted["predicted"] - predicted["measured"]),
                error_without=_root_mean_square(rows["predicted_without"] - rows["measured"]),
                rank=rank_of(rows, "displacement"),
            )
        )
    return pd.concat(parts, ignore_index=True)


def setting_names(frame: pd.DataFrame) -> "pd.Series[str]":
    """Name each row's setting by the fields in which it differs from the most frequent setting of its dataset."""
    fields = [field for field in SETTING if field in frame and field not in ("dataset", "classes")]
    keys = row_keys(frame, fields)
    usual = {dataset: keys[rows].mode()[0] for dataset, rows in frame.groupby("dataset").groups.items()}
    names = [
        ", ".join(
            f"{field} {value}" for field, value, most in zip(fields, key, usual[dataset], strict=True) if value != most
        )
        for key, dataset in zip(keys, frame["dataset"], strict=True)
    ]
    return pd.Series(names, index=frame.index)


def rank_of(rows: pd.DataFrame, predictor: str) -> float:
    """Return Spearman's correlation of a column with the measured distance beyond chaos, 1 - CKA / R."""
    return rank_correlation(rows[predictor].tolist(), (1 - rows["measured"] / rows["consistency"]).tolist())


def fit(rows: pd.DataFrame) -> float:
    """Fit the constant c by least squares of CKA; nan where no row has a displacement."""
    if not (rows["displacement"] > 0).any():
        return math.nan

    triples = list(zip(rows["displacement"], rows["consistency"], rows["measured"], strict=True))

    def loss(log_constant: float) -> float:
        constant = math.exp(log_constant)
        return math.fsum((cka_after(x, constant, r) - measured) ** 2 for x, r, measured in triples)

    start = np.linspace(-MAX_LOG_CONSTANT, MAX_LOG_CONSTANT, 161)  # the loss is flat at both ends
    best = float(start[int(np.argmin([loss(value) for value in start]))])
    return math.exp(float(minimize_scalar(loss, bounds=(best - 0.5, best + 0.5), method="bounded").x))


def rank_correlation(displacement: Sequence[float], distance: Sequence[float]) -> float:
    """Spearman's correlation; 0 for a predictor that says the same of all twins."""
    if len(set(displacement)) < 2 or len(set(distance)) < 2:
        return 0.0
    return float(spearmanr(displacement, distance).statistic)


def _predicted(rows: pd.DataFrame, constant: float) -> "pd.Series[float]":
    if math.isnan(constant):
        return pd.Series(math.nan, index=rows.index)
    values = [cka_after(x, constant, r) for x, r in zip(rows["displacement"], rows["consistency"], strict=True)]
    return pd.Series(values, index=rows.index)


def _root_mean_square(values: "pd.Series[float]") -> float:
    return float(np.sqrt((values**2).mean()))
