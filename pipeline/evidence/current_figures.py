"""Figures of evidence by today's code: its measures stay as they were frozen, what is drawn from them does not."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from pipeline.config.params import read_params
from pipeline.config.references import project_file
from pipeline.evidence.current_claims import frozen_reader
from pipeline.evidence.manifest import SETTINGS
from pipeline.planning.expansion import plan
from pipeline.reporting.measured_tables import Reading, paper_table, select_twins
from pipeline.reporting.paper_values import PAPER_VALUES
from pipeline.reporting.style import save
from pipeline.stages.figure import job_of, table_and_figure
from pipeline.system.files import write_csv


def draw_figure(folder: Path, name: str, out: Path) -> list[Path]:
    """Draw a figure from the measures of evidence.

    Args:
        folder: of the evidence.
        name: of the figure.
        out: folder for NAME.csv and NAME.png.

    Returns:
        The files.

    Raises:
        SettingsError: the evidence's settings have no such figure.
        FileNotFoundError: the evidence has no measures that the figure reads.
    """
    job = job_of(plan(read_params(folder / SETTINGS), folder / SETTINGS), name)
    read = select_twins(frozen_reader(folder)(job.runs), job.objectives)
    paper = partial(paper_table, project_file(PAPER_VALUES["paper_values"]))
    table, figure = table_and_figure(job.figure, Reading(read, paper, job.published_classes))
    files = [out / f"{name}.csv", out / f"{name}.png"]
    write_csv(files[0], table)
    save(figure, files[1])
    return files
