"""Every claim with its verdict; the numbers in short and as lines, for comparisons between versions with DVC."""

from collections.abc import Sequence

import pandas as pd

from pipeline.files import write_csv, write_json
from pipeline.jobs import ClaimsJob
from pipeline.layout import Layout
from pipeline.reporting.claims import claims
from pipeline.reporting.reading import Read, reader
from pipeline.reporting.tables import short_metrics, similarity_over_epochs


def run(job: ClaimsJob, layout: Layout) -> None:
    def read(experiments: Sequence[str]) -> Read:
        return reader(layout, list(dict.fromkeys(name for one in experiments for name in job.experiments[one])))

    table = claims(job.claims, read, list(job.experiments))
    write_csv(layout.reports / "claims.csv", table)
    table1, table2 = (pd.read_csv(layout.reports / f"{name}.csv") for name in ("table1", "table2"))
    write_json(layout.reports / "metrics.json", short_metrics(table1, table2, table))
    if "trajectory" in job.experiments:
        for dataset, rows in read(["trajectory"])("alignment").groupby("dataset"):
            write_csv(layout.plot(str(dataset)), similarity_over_epochs(rows))
