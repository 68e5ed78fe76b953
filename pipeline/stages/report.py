"""Render the report: a notebook, executed, as one page that loads nothing from elsewhere; and its provenance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.config.base import Settings
from pipeline.config.references import names_in
from pipeline.config.run import Run
from pipeline.planning.plan import Plan
from pipeline.planning.stage import GLOBAL, Stage
from pipeline.planning.table_job import subjects_of_tables
from pipeline.reporting.figures import FIGURES
from pipeline.stages.figure import figures_of
from pipeline.system.files import Inputs, Outputs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

EVIDENCE = "reports/evidence/cifar_two_cores"  # measured on photographs; a section of every report
KINDS = ["alignment", "baselines", "between_seeds", "collapse", "loss_gap", "movement", "probes", "weights"]  # read
CIFAR_EVIDENCE = {
    "photographs": f"{EVIDENCE}/settings.yaml",
    "photographs_manifest": f"{EVIDENCE}/MANIFEST.json",
    "photographs_bounds": f"{EVIDENCE}/bounds.csv",
    **{f"photographs_{kind}": f"{EVIDENCE}/measures/{kind}.csv.gz" for kind in KINDS},
    "photographs_controls": f"{EVIDENCE}/figures/controls.csv",
    "photographs_figure": f"{EVIDENCE}/figures/controls.png",
}


class ReportJob(Settings):
    figures: tuple[str, ...]
    captions: dict[str, str]  # also of figures that were not drawn
    tables: bool  # whether there are tables 1 and 2
    custom: tuple[str, ...]  # experiments
    diverged: dict[str, str]  # requested runs that diverged, with their experiments, and why


def job_of(plan: Plan, _: str) -> ReportJob:
    return ReportJob(
        figures=tuple(figures_of(plan)),
        captions={name: figure.caption for name, figure in FIGURES.items()},
        tables=bool(subjects_of_tables(plan)),
        custom=tuple(plan.custom_experiments),
        diverged={_with_experiments(plan, run): why for run, why in plan.diverged.items()},
    )


def _with_experiments(plan: Plan, run: Run) -> str:
    """A run with its experiments: one that lost all of its runs has no table that could name them."""
    return f"{run.name} (of {', '.join(name for name, runs in plan.lost.items() if run in runs)})"


def run(job: ReportJob, inputs: Inputs, outputs: Outputs, notes: Sequence[str]) -> None:
    """Write the provenance, execute the notebook, and write the page."""
    from pipeline.reporting.notebook_page import page
    from pipeline.reporting.origins import provenance
    from pipeline.reporting.render_report import execute
    from pipeline.reporting.report_parts import read_claims
    from pipeline.system.files import read_json, write_json, write_text

    (source,), (template,) = inputs["source"], inputs["template"]
    write_json(outputs["provenance"], provenance([read_json(path) for path in inputs["records"]]))
    reports = inputs["claims"][0].parent
    read_claims(reports)  # raises before a kernel starts
    parameters = {
        "reports": str(reports.absolute()),
        "photographs": str(_photographs(inputs, reports) or ""),
        "custom": list(job.custom),
        "diverged": job.diverged,
        "origins": str(outputs["provenance"].absolute()),
        "notes": list(notes),
    }
    executed = execute(source, parameters, reports / "report.failed.ipynb")
    write_text(outputs["page"], page(executed, template.read_text(encoding="utf-8")))


def _photographs(inputs: Inputs, reports: Path) -> Path | None:
    """Folder of the evidence on photographs; None: it is the folder of this report."""
    folders = {path.parent.absolute() for path in inputs.get("photographs", ())}
    return next(iter(folders - {reports.absolute()}), None)


STAGE = Stage(
    "report",
    job_of,
    {"page": "report.html", "provenance": "provenance.json"},
    reads=lambda job: {
        "png": job.figures,
        "figure": job.figures,
        **dict.fromkeys(("accuracy", "agreement"), job.custom),
        **dict.fromkeys(("table1", "table2"), GLOBAL if job.tables else ()),
        **dict.fromkeys(("claims", "promised"), GLOBAL),
    },
    files={"source": "reports/report.py", "template": "reports/page.html", **CIFAR_EVIDENCE},
    records="all",
    modules=lambda job: [
        "pipeline.reporting.report_parts",
        "pipeline.evidence.current_claims",
        *(f"pipeline.reporting.claims.{topic}" for topic in names_in("pipeline/reporting/claims")),
    ],
    in_report=("page", "Report"),
)
