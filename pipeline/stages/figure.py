"""Draw a figure as PNG and PDF, with the table it is drawn from and what its runs learned."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from pipeline.config.base import Settings, SettingsError
from pipeline.config.run import Run
from pipeline.planning.plan import Plan
from pipeline.planning.stage import Stage
from pipeline.reporting.figures import FIGURES, FigureFacts
from pipeline.reporting.paper_values import PAPER_VALUES, published_classes
from pipeline.stages.measured_kinds import FACTS, measured
from pipeline.system.files import Inputs, Outputs

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from pipeline.reporting.measured_tables import Reading

TRAJECTORY = "fig2_trajectory"  # the figure that a custom experiment has too, under its own name
FEATURE_KINDS = frozenset(("alignment", "bounds", "collapse", "layers", "probes", "weights"))
EMPTY_COLUMNS = ["dataset", "classes", "second", "less", "measure", "n_seeds", "mean", "ci_low", "ci_high"]


class FigureJob(Settings):
    figure: str
    runs: tuple[Run, ...]
    objectives: tuple[str, ...]  # of its experiments; their runs may have more for other experiments
    published_classes: dict[str, int]


def figures_of(plan: Plan) -> list[str]:
    """Return the figures whose experiments are in the settings and have the twins that they show, and the custom
    experiments that compare CL with other twins on classes that seeds share."""
    paper = [
        name
        for name, figure in FIGURES.items()
        if set(figure.experiments) <= set(plan.experiments)
        and not _lacking(plan, figure, figure.experiments)
        and _keeps_steps(plan, figure)
    ]
    custom = [
        name
        for name in plan.custom_experiments
        if not _lacking(plan, FIGURES[TRAJECTORY], [name]) and all(map(plan.compares_seeds, plan.experiments[name]))
    ]
    return [*paper, *custom]


def _keeps_steps(plan: Plan, figure: FigureFacts) -> bool:
    """Return False for a figure of single steps whose runs keep none."""
    return "early" not in figure.reads or all(plan.requests[run].steps for run in plan.runs_of(*figure.experiments))


def _lacking(plan: Plan, figure: FigureFacts, experiments: Sequence[str]) -> list[str]:
    """Experiments that lack a twin of the figure, or have a single one, with which nothing is compared."""
    listed = {name: plan.objectives_of(name) for name in experiments}
    return [name for name, twins in listed.items() if len(twins) < 2 or not set(figure.twins) <= set(twins)]


def job_of(plan: Plan, name: str) -> FigureJob:
    """Raises SettingsError for an unknown figure, or one whose experiment is not in the settings."""
    if name in figures_of(plan) and name not in FIGURES:
        return _job(plan, TRAJECTORY, name)
    if name not in FIGURES:
        raise SettingsError(
            f"figure {name!r}: expected one of {', '.join(dict.fromkeys((*FIGURES, *figures_of(plan))))}"
        )
    figure = FIGURES[name]
    for experiment in figure.experiments:
        if experiment not in plan.experiments:
            raise SettingsError(f"experiments: {experiment} is missing, and {name} shows its runs")
    for experiment in _lacking(plan, figure, figure.experiments):
        twins = figure.twins if len(figure.twins) > 1 else (*figure.twins, "another")
        raise SettingsError(f"experiments.{experiment}.objectives: {name} needs {' and '.join(twins)}")
    if not _keeps_steps(plan, figure):
        raise SettingsError(f"experiments.{figure.experiments[0]}: {name} needs checkpoint_steps, got none")
    optional = [experiment for experiment in figure.optional if experiment in plan.experiments]
    lacking = _lacking(plan, figure, optional)
    return _job(plan, name, *figure.experiments, *(experiment for experiment in optional if experiment not in lacking))


def _job(plan: Plan, figure: str, *experiments: str) -> FigureJob:
    return FigureJob(
        figure=figure,
        runs=plan.runs_of(*experiments),
        objectives=plan.objectives_of(*experiments),
        published_classes=published_classes(),
    )


def run(job: FigureJob, inputs: Inputs, outputs: Outputs) -> None:
    """Write the figure's table, its facts and its pictures."""
    from pipeline.reporting.interval_limits import clip_intervals, clipping_note
    from pipeline.reporting.measured_tables import Reading, load_learning_evidence, paper_table, reader, select_twins
    from pipeline.reporting.run_facts import run_facts, sentences
    from pipeline.reporting.style import INTERVALS, note, save
    from pipeline.system.files import write_csv

    read = reader(inputs, dict.fromkeys(FIGURES[job.figure].reads, job.runs))(job.runs)
    paper = partial(paper_table, inputs["paper_values"][0])
    table, drawn = table_and_figure(
        job.figure, Reading(select_twins(read, job.objectives), paper, job.published_classes)
    )
    write_csv(outputs["figure"], table)
    facts = run_facts(*load_learning_evidence(inputs, job.runs), job.objectives)
    write_csv(outputs["facts"], facts)
    has_intervals = "ci_low" in table and table["ci_low"].notna().any()
    intervals = [INTERVALS, *clipping_note(table, clip_intervals(table))] if has_intervals else []
    note(drawn, [*sentences(facts), *intervals])
    save(drawn, outputs["png"], outputs["pdf"])


def table_and_figure(name: str, reading: Reading) -> tuple[pd.DataFrame, Figure]:
    """Return a figure's table, with intervals as computed, and its picture; both empty where all networks collapsed."""
    import pandas as pd

    from pipeline.reporting.interval_limits import clip_intervals
    from pipeline.reporting.panels import sentence_figure

    if any(_not_collapsed(reading.read(kind)).empty for kind in FEATURE_KINDS.intersection(FIGURES[name].reads)):
        return pd.DataFrame(columns=EMPTY_COLUMNS), sentence_figure("All networks have collapsed.")
    figure = importlib.import_module(f"pipeline.reporting.figures.plot_{name}")
    table = figure.table(reading)
    return table, figure.draw(clip_intervals(table) if "ci_low" in table else table)


def _not_collapsed(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of trained networks that have not collapsed."""
    from pipeline.reporting.learned import BASELINES

    if "objective" in rows:
        return rows[~rows["objective"].isin(BASELINES)]
    return rows.dropna(subset=[name for name in ("cka", "representation_angle") if name in rows])  # bounds, weights


STAGE = Stage(
    "figure",
    job_of,
    {
        "figure": "figures/{subject}.csv",
        "facts": "facts/{subject}.csv",
        "png": "figures/{subject}.png",
        "pdf": "figures/{subject}.pdf",
    },
    reads=lambda job: measured((*FIGURES[job.figure].reads, *FACTS), job.runs),
    files=PAPER_VALUES,
    modules=lambda job: [f"pipeline.reporting.figures.plot_{job.figure}"],
    in_report=("png", "Figures"),
    subject="figure",
    subjects=figures_of,
)
