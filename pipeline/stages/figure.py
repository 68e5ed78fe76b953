"""A figure as PNG and PDF, the table it is drawn from, and facts about its runs."""

from __future__ import annotations

import importlib
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from pipeline.reporting.figures import FIGURES
from pipeline.reporting.interval_limits import clip_intervals, clipping_note
from pipeline.reporting.learned import BASELINES
from pipeline.reporting.measured_tables import Reading, load_learning_evidence, paper_table, reader, select_twins
from pipeline.reporting.panels import sentence_figure
from pipeline.reporting.run_facts import run_facts, sentences
from pipeline.reporting.style import INTERVALS, note, save
from pipeline.stages import Inputs, Outputs
from pipeline.system.files import write_csv

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from pipeline.jobs.declared import FigureJob

FEATURE_KINDS = frozenset(("alignment", "bounds", "collapse", "layers", "probes", "weights"))
EMPTY_COLUMNS = ["dataset", "classes", "second", "less", "measure", "n_seeds", "mean", "ci_low", "ci_high"]


def run(job: FigureJob, inputs: Inputs, outputs: Outputs) -> None:
    """Write the figure's table, its facts and its pictures."""
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
    for kind in ("png", "pdf"):
        save(drawn, outputs[kind])


def table_and_figure(name: str, reading: Reading) -> tuple[pd.DataFrame, Figure]:
    """Return a figure's table, with intervals as computed, and its picture; both empty where all networks collapsed."""
    if any(_not_collapsed(reading.read(kind)).empty for kind in FEATURE_KINDS.intersection(FIGURES[name].reads)):
        return pd.DataFrame(columns=EMPTY_COLUMNS), sentence_figure("All networks have collapsed.")
    figure = importlib.import_module(f"pipeline.reporting.figures.plot_{name}")
    table = figure.table(reading)
    return table, figure.draw(clip_intervals(table) if "ci_low" in table else table)


def _not_collapsed(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of trained networks that have not collapsed."""
    if "objective" in rows:
        return rows[~rows["objective"].isin(BASELINES)]
    return rows.dropna(subset=[name for name in ("cka", "representation_angle") if name in rows])  # bounds, weights
