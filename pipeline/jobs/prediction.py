"""Prediction, from CL's checkpoints and labels alone, of how far a twin that reads labels would end from CL."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd
from tabulate import tabulate

from pipeline.config.base import SettingsError
from pipeline.config.objective_settings import GroupedObjective, Objective
from pipeline.config.objectives import resolve
from pipeline.config.theory_settings import ForcingSettings
from pipeline.jobs.runner import check_inputs
from pipeline.jobs.task import task_of
from pipeline.planning.layout import Layout
from pipeline.planning.plan import Plan
from pipeline.reporting.measured_tables import read_measures
from pipeline.reporting.predictions import fit
from pipeline.reporting.twin_names import FLOOR
from pipeline.stages.forcing import forcing_table
from twin_alignment.theory.coherent_forcing import cka_after

if TYPE_CHECKING:
    import torch

DEFAULTS = ("nscl", "nscl_shuffled")  # classes, and the same number of images of others


def predict_run(
    name: str,
    plan: Plan,
    layout: Layout,
    labels: tuple[str, ...],
    batches: int,
    device: torch.device,
    constant: float | None = None,
    consistency: float | None = None,
) -> str:
    """Predict the CKA with CL of NSCL with each of some labels.

    Args:
        name: of a run that trains CL.
        plan: the settings.
        layout: the folders.
        labels: words of settings for groups in place of classes; none: the classes, and shuffled classes.
        batches: over which gradients are averaged.
        device: to compute on.
        constant: c of CKA = R / sqrt(1 + c forcing); None: fitted on the run's own NSCL.
        consistency: R, the CKA of CL with its perturbed copy; None: as measured, or 1.

    Returns:
        A table for readers, and what its numbers are.

    Raises:
        SettingsError: nothing says what the constant is.
    """
    planned = task_of("forcing", name, plan, layout)
    job: Any = planned.job
    grouped = [GroupedObjective(objective="nscl", labels=reference) for reference in labels]
    objectives = [resolve(entry, "--labels") for entry in grouped] or [resolve(default) for default in DEFAULTS]
    measured = _measured(name, plan, layout)
    if constant is None and "nscl" in measured:
        objectives = list(dict.fromkeys([*objectives, resolve("nscl")]))
    check_inputs(planned)
    forcing = _forcing(planned, job, objectives, batches, device)
    if consistency is not None:
        r, source = consistency, "given"
    else:
        r, source = (measured[FLOOR], "measured") if FLOOR in measured else (1.0, "1")
    if constant is None:
        constant = _constant(name, forcing, measured, r)
    rows = [
        (
            row["objective"],
            *(f"{row[column]:.3g}" for column in ("largest_share", "mass", "forcing")),
            *(
                f"{cka:.3f}"
                for cka in (cka_after(row["forcing"], constant, r), measured.get(row["objective"], math.nan))
            ),
        )
        for row in forcing.to_dict("records")
    ]
    header = ["twin", "largest share", "q", "forcing", "predicted CKA", "measured"]
    return (
        f"{tabulate(rows, header, tablefmt='github', disable_numparse=True)}\n\n"
        f"CKA with CL on test images at the end: R / sqrt(1 + c forcing), R = {r:.3f} ({source}), c = {constant:.3g}. "
        "q: share of CL's softmax over negatives that images of an anchor's group have.\n"
    )


def _measured(name: str, plan: Plan, layout: Layout) -> dict[str, float]:
    """CKA with CL of the run's twins on test images at the end; empty where the run is not measured."""
    place = task_of("measure", name, plan, layout).place
    if not place.record.is_file():
        return {}
    rows = read_measures(place.outputs["alignment"], "alignment")
    ends = rows.query("first == 'cl' and split == 'test' and measure == 'cka'")
    ends = ends[ends["epoch"] == ends["epoch"].max()]
    return dict(zip(ends["second"], ends["value"], strict=True))


def _forcing(planned: Any, job: Any, objectives: list[Objective], batches: int, device: torch.device) -> pd.DataFrame:
    """Rows of the last step, one for each objective."""
    settings = ForcingSettings(batches=batches, images=job.forcing.images)
    job = job.model_copy(update={"objectives": tuple(objectives), "forcing": settings})
    rows = forcing_table(job, planned.inputs, device)
    last: pd.DataFrame = rows[rows["step"] == rows["step"].max()]
    return last


def _constant(name: str, forcing: pd.DataFrame, measured: dict[str, float], consistency: float) -> float:
    """Fit the constant on the run's own NSCL."""
    nscl = forcing[forcing["objective"] == "nscl"]
    if "nscl" not in measured or nscl.empty:
        raise SettingsError(f"{name}: expected --constant, as the run has no measured NSCL on which it could be fitted")
    rows = nscl.assign(displacement=nscl["forcing"], measured=measured["nscl"], consistency=consistency)
    constant = fit(rows)
    if math.isnan(constant):
        raise SettingsError(f"{name}: expected --constant, as nothing pushes the run's NSCL away from CL")
    return constant
