"""Write headline numbers, and curves over the epochs, for comparisons between versions with DVC."""

from __future__ import annotations

from pipeline.config.base import Settings
from pipeline.config.run import Run
from pipeline.planning.stage import GLOBAL, Stage
from pipeline.planning.table_job import subjects_of_tables
from pipeline.system.files import Inputs, Outputs


class MetricsJob(Settings):
    runs: tuple[Run, ...]  # of the trajectory


def run(job: MetricsJob, inputs: Inputs, outputs: Outputs) -> None:
    import pandas as pd

    from pipeline.reporting.headline_metrics import short_metrics, similarity_over_epochs
    from pipeline.reporting.measured_tables import reader
    from pipeline.system.files import write_csv, write_json

    table1, table2, claims = (pd.read_csv(inputs[kind][0]) for kind in ("table1", "table2", "claims"))
    write_json(outputs["metrics"], short_metrics(table1, table2, claims))
    outputs["plots"].mkdir(parents=True, exist_ok=True)
    if job.runs:
        for dataset, rows in reader(inputs, {"alignment": job.runs})(job.runs)("alignment").groupby("dataset"):
            write_csv(outputs["plots"] / f"{dataset}.csv", similarity_over_epochs(rows))


STAGE = Stage(
    "metrics",
    lambda plan, _: MetricsJob(runs=plan.runs_of("trajectory")),
    {"metrics": "metrics.json", "plots": "plots/"},
    reads=lambda job: {
        **dict.fromkeys(("table1", "table2", "claims"), GLOBAL),
        "alignment": [run.name for run in job.runs],
    },
    subjects=subjects_of_tables,
)
