"""Headline numbers, and similarities over the epochs, for comparisons between versions with DVC."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from pipeline.reporting.headline_metrics import short_metrics, similarity_over_epochs
from pipeline.reporting.measured_tables import reader
from pipeline.stages import Inputs, Outputs
from pipeline.system.files import write_csv, write_json

if TYPE_CHECKING:
    from pipeline.jobs.declared import MetricsJob


def run(job: MetricsJob, inputs: Inputs, outputs: Outputs) -> None:
    """Write the metrics, and a table a dataset for plots."""
    table1, table2, claims = (pd.read_csv(inputs[kind][0]) for kind in ("table1", "table2", "claims"))
    write_json(outputs["metrics"], short_metrics(table1, table2, claims))
    outputs["plots"].mkdir(parents=True, exist_ok=True)
    if job.runs:
        for dataset, rows in reader(inputs, {"alignment": job.runs})(job.runs)("alignment").groupby("dataset"):
            write_csv(outputs["plots"] / f"{dataset}.csv", similarity_over_epochs(rows))
