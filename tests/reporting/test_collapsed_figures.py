"""Figures where networks have collapsed: what is left is drawn, and where nothing is, that is said."""

import numpy as np
import pytest

from pipeline.reporting.figures import FIGURES
from pipeline.reporting.measured_tables import VALUES, Reading, without_collapsed
from pipeline.stages.figure import table_and_figure
from tests.reporting.planted import CONTROLLED, DOSED, PAPER, PUBLISHED_CLASSES
from tests.reporting.planted_figures import pixels, source_of

TWIN = ("second", "objective")


def collapsed(kind, name, seeds):
    """Planted rows of a kind as they are read where NSCL has collapsed in these seeds, CL in all of them if more."""
    source = source_of(name)
    rows = source(kind, twins=DOSED if name == "label_fraction" else CONTROLLED).copy()
    if kind == "descent":  # simulated
        return rows
    lost = rows["seed"].isin(seeds)
    columns = [column for column in TWIN if column in rows]
    if len(seeds) == 1 and columns:
        lost &= rows[columns].isin(["nscl"]).any(axis=1)
    if kind == "probes":
        return rows[~(lost & ~rows["objective"].isin(["untrained", "raw_pixels"]))]
    rows.loc[lost, [column for column in (*VALUES, "cka", "rsa", "representation_angle") if column in rows]] = np.nan
    return without_collapsed(rows)


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("seeds", [(0,), (0, 1, 2)], ids=["one", "all"])
def test_a_figure_is_table_and_figure_what_is_left(name, seeds):
    reading = Reading(lambda kind: collapsed(kind, name, seeds), PAPER, PUBLISHED_CLASSES)
    table, drawn = table_and_figure(name, reading)
    pixels(drawn)
    if "n_seeds" in table and len(table):
        assert table.loc[table["n_seeds"] > 0, "mean"].notna().all()
        assert table.loc[table["n_seeds"] == 0, "mean"].isna().all()


def test_the_mean_is_of_the_other_seeds():
    reading = Reading(lambda kind: collapsed(kind, "fig2_trajectory", (0,)), PAPER, PUBLISHED_CLASSES)
    table, _ = table_and_figure("fig2_trajectory", reading)
    rows = table[(table["dataset"] == "digits") & (table["source"] == "twins") & (table["split"] == "test")]
    means = rows[(rows["measure"] == "cka") & (rows["epoch"] == 2)].set_index("second")[["n_seeds", "mean"]]
    assert means.loc["nscl"].tolist() == pytest.approx([2, 0.715])  # planted: 0.70 of seed 0, 0.71 and 0.72
    assert means.loc["scl"].tolist() == pytest.approx([3, 0.71])
