"""Render the report: a notebook, executed, as one page that loads nothing from elsewhere; and its provenance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.config.base import Settings
from pipeline.config.run import Run
from pipeline.planning.plan import Plan
from pipeline.planning.stage import GLOBAL, Stage
from pipeline.reporting.figures import FIGURES
from pipeline.stages import table1
from pipeline.stages.figure import figures_of
from pipeline.system.files import Inputs, Outputs

if TYPE_CHECKING:
    from collections.abc import Sequence

EVIDENCE = "reports/evidence/cifar_two_cores"  # measured on photographs; a section of every report
CIFAR_EVIDENCE = {
    "photographs": f"{EVIDENCE}/claims.csv",
    "photographs_controls": f"{EVIDENCE}/figures/controls.csv",
    "photographs_figure": f"{EVIDENCE}/figures/controls.png",
}


class ReportJob(Settings):
    figures: tuple[str, ...]
    captions: dict[str, str]  # also of figures that were not drawn
    tables: bool  # whether there are tables 1 and 2
    own: tuple[str, ...]  # custom experiments
    diverged: dict[str, str]  # requested runs that diverged, with their experiments, and why


def job_of(plan: Plan, _: str) -> ReportJob:
    return ReportJob(
        figures=tuple(figures_of(plan)),
        captions={name: figure.caption for name, figure in FIGURES.items()},
        tables=bool(table1.subjects_of(plan)),
        own=tuple(plan.custom_experiments),
        diverged={_with_experiments(plan, run): why for run, why in plan.diverged.items()},
    )


def _with_experiments(plan: Plan, run: Run) -> str:
    """A run with its experiments: one that lost all of its runs has no table that could name them."""
    return f"{run.name} (of {', '.join(name for name, runs in plan.lost.items() if run in runs)})"


def run(job: ReportJob, inputs: Inputs, outputs: Outputs, notes: Sequence[str]) -> None:
    from pipeline.reporting.render_report import render

    render(job, inputs, outputs, notes)


STAGE = Stage(
    "report",
    job_of,
    {"page": "report.html", "provenance": "provenance.json"},
    reads=lambda job: {
        "png": job.figures,
        "figure": job.figures,
        **dict.fromkeys(("accuracy", "agreement"), job.own),
        **dict.fromkeys(("table1", "table2"), GLOBAL if job.tables else ()),
        **dict.fromkeys(("claims", "promised"), GLOBAL),
    },
    files={"source": "reports/report.py", "template": "reports/page.html", **CIFAR_EVIDENCE},
    records="all",
    modules=lambda job: ["pipeline.reporting.show"],
    shown=("page", "Report"),
)
