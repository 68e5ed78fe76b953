"""Table 1, its readable form and its provenance."""

import pandas as pd

from pipeline.files import read_json, write_csv, write_json, write_text
from pipeline.jobs import Table1Job
from pipeline.layout import Layout
from pipeline.provenance import environment
from pipeline.reporting.table1 import table1, table1_markdown
from pipeline.runs import Run


def run(job: Table1Job, layout: Layout) -> None:
    runs = [Run.from_name(name) for name in job.runs]
    table = table1(runs, job.objectives, {run: pd.read_csv(layout.probes(run.name)) for run in runs})
    write_csv(layout.reports / "table1.csv", table)
    write_text(layout.reports / "table1.md", table1_markdown(table))
    write_json(
        layout.reports / "table1.provenance.json", {"params_sha256": job.params_sha256, **_provenance(runs, layout)}
    )


def _provenance(runs: list[Run], layout: Layout) -> dict[str, object]:
    """What a table was made from and what it cost."""
    timings = {run.name: read_json(layout.timing(run.name)) for run in runs}
    return {
        **environment(),
        "data": {name: read_json(layout.manifest(name)) for name in sorted({r.dataset for r in runs})},
        "runs": {run.name: read_json(layout.checkpoints_record(run.name)) for run in runs},
        "training_seconds": {**timings, "total": sum(timing["seconds"] for timing in timings.values())},
    }
