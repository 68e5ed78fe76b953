"""Make Table 2 and its readable form."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pipeline.config.run import Run
from pipeline.planning.stage import Stage
from pipeline.planning.table_job import TableJob, job_of_tables, subjects_of_tables
from pipeline.reporting.paper_values import PAPER_VALUES
from pipeline.stages.measured_kinds import measured
from pipeline.system.files import Inputs, Outputs
from twin_alignment.measures.disattenuation import MIN_SEEDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


KINDS = ("between_seeds", "twins_between_seeds")


def compared_across_seeds(job: TableJob) -> dict[str, list[str]]:
    """Return kind -> settings whose runs have enough seeds, on classes that seeds share, for a disattenuated CKA."""
    seeds = Counter(run.setting for run in job.runs if run.subset_seed is not None)
    has_pairs = "cl" in job.objectives and len(job.objectives) > 1
    return measured(KINDS, [run for run in job.runs if has_pairs and seeds[run.setting] >= MIN_SEEDS])


def agreement(job: TableJob, inputs: Inputs) -> pd.DataFrame:
    """Return Table 2 of the job's runs."""
    import pandas as pd

    from pipeline.reporting.across_seeds import seed_pairs
    from pipeline.reporting.agreement_table import table2
    from pipeline.reporting.measured_tables import paper_table, read_measures

    alignment = {run: read_measures(path, "alignment") for run, path in zip(job.runs, inputs["alignment"], strict=True)}
    printed = paper_table(inputs["paper_values"][0], "fig2", "text")
    names = compared_across_seeds(job)[KINDS[0]]
    files = zip(names, *(inputs.get(kind, ()) for kind in KINDS), strict=True)
    pairs = {Run.from_name(name): seed_pairs(pd.read_csv(cl), pd.read_csv(twins)) for name, cl, twins in files}
    return table2(job.objectives, alignment, printed, job.published_classes, job.diverged, pairs)


def run(job: TableJob, inputs: Inputs, outputs: Outputs, notes: Sequence[str]) -> None:
    from pipeline.reporting.agreement_table import table2_markdown
    from pipeline.system.files import write_csv, write_text

    table = agreement(job, inputs)
    write_csv(outputs["table2"], table)
    write_text(outputs["table2_text"], table2_markdown(table, notes))


STAGE = Stage(
    "table2",
    job_of_tables,
    {"table2": "table2.csv", "table2_text": "table2.md"},
    reads=lambda job: {**measured(("alignment",), job.runs), **compared_across_seeds(job)},
    records="runs",
    files=PAPER_VALUES,
    subjects=subjects_of_tables,
    in_report=("table2", "Tables"),
)
