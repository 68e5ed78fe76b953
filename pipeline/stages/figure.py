"""A figure as PNG and PDF, the table it is drawn from, and what its runs learned, which stands under it."""

from __future__ import annotations

import importlib
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from pipeline.reporting.figures import FIGURES
from pipeline.reporting.learned import BASELINES
from pipeline.reporting.measured_tables import Reading, learning, of_twins, paper_values, reader
from pipeline.reporting.possible import cut, possible
from pipeline.reporting.run_facts import facts, sentences
from pipeline.reporting.style import INTERVALS, empty, note, save
from pipeline.stages import Inputs, Outputs
from pipeline.system.files import write_csv

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from pipeline.jobs.declared import FigureJob

OF_FEATURES = frozenset(
    ("alignment", "bounds", "collapse", "layers", "probes", "weights")
)  # kinds that are of features, too
NOTHING_LEFT = ["dataset", "classes", "second", "less", "measure", "n_seeds", "mean", "ci_low", "ci_high"]


def run(job: FigureJob, inputs: Inputs, outputs: Outputs) -> None:
    read = of_twins(reader(inputs, dict.fromkeys(FIGURES[job.figure].reads, job.runs))(job.runs), job.objectives)
    reading = Reading(read, partial(paper_values, inputs["paper_values"][0]), job.published_classes)
    table, drawn = drawn_of(job.figure, reading)
    write_csv(outputs["figure"], table)
    learned = facts(*learning(inputs, job.runs), job.objectives)
    write_csv(outputs["facts"], learned)
    intervals = [INTERVALS] if "ci_low" in table and table["ci_low"].notna().any() else []
    note(drawn, [*sentences(learned), *intervals, *(cut(table, possible(table)) if intervals else [])])
    for kind in ("png", "pdf"):
        save(drawn, outputs[kind])


def drawn_of(name: str, reading: Reading) -> tuple[pd.DataFrame, Figure]:
    """A figure's table, with intervals as computed, and its picture; where all networks collapsed, of nothing."""
    if any(_left(reading.read(kind)).empty for kind in OF_FEATURES.intersection(FIGURES[name].reads)):
        return pd.DataFrame(columns=NOTHING_LEFT), empty("All networks have collapsed: there is nothing to show.")
    figure = importlib.import_module(f"pipeline.reporting.figures.plot_{name}")
    table = figure.table(reading)
    return table, figure.draw(possible(table) if "ci_low" in table else table)


def _left(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of trained networks that have not collapsed."""
    if "objective" in rows:
        return rows[~rows["objective"].isin(BASELINES)]
    return rows.dropna(subset=[name for name in ("cka", "representation_angle") if name in rows])  # of bounds, weights
