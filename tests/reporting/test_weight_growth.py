import math

import pandas as pd
import pytest

from pipeline.config.run import Run
from pipeline.reporting.figures import plot_weight_growth as weight_growth
from pipeline.reporting.measured import labelled
from pipeline.reporting.measured_tables import Reading

EPOCHS = (0, 1, 2, 4, 8)


def table_of(gap_of, epochs=EPOCHS):
    """Of runs whose gap is known from the path length and the seed; the path length is a third of the epoch."""

    def read(kind):
        parts = []
        for seed in (0, 1, 2):
            rows = pd.DataFrame({"epoch": epochs, "path_length": [epoch / 3 for epoch in epochs]})
            if kind == "weights":
                gaps = [gap_of(length, seed) if length else 0.0 for length in rows["path_length"]]
                rows = rows.drop(columns="path_length").assign(first="cl", second="nscl", weight_gap=gaps)
                rows = pd.concat([rows, rows.assign(second="ce", weight_gap=9.0)])
            else:
                rows = pd.concat([rows.assign(objective=o) for o in ("cl", "nscl")])
            parts.append(labelled(Run(dataset="digits", classes=10, epochs=8, seed=seed), rows))
        return pd.concat(parts)

    return weight_growth.table(Reading(read, None, {}))


@pytest.mark.parametrize(
    ("gap_of", "right", "other", "constant"),
    [
        (lambda s, seed: (1 + seed) * s ** (0.5 + seed / 10), "power", "exponential", 0.6),
        (lambda s, seed: (1 + seed) * math.exp((1 + seed) * s), "exponential", "power", 2.0),
    ],
)
def test_the_form_that_made_the_gaps_has_the_larger_r_squared(gap_of, right, other, constant):
    table = table_of(gap_of)
    assert table["epoch"].tolist() == [1, 2, 4, 8]
    assert table["path_length"].tolist() == pytest.approx([1 / 3, 2 / 3, 4 / 3, 8 / 3])
    assert table["mean"].tolist() == pytest.approx(
        [sum(gap_of(s, seed) for seed in (0, 1, 2)) / 3 for s in table["path_length"]]
    )
    assert table[right].tolist() == pytest.approx([constant] * 4)
    assert table[f"{right}_r_squared"].tolist() == pytest.approx([1.0] * 4)
    assert (table[f"{other}_r_squared"] < 0.99).all()


def test_the_fit_of_a_power_is_a_line_through_the_points():
    drawn = weight_growth.draw(table_of(lambda s, seed: 0.1 * s**0.5))
    left, right = drawn.axes
    (fit,) = [line for line in left.lines if line.get_label() == "least squares"]
    assert fit.get_ydata().tolist() == pytest.approx([0.1 * s**0.5 for s in fit.get_xdata()])
    assert (left.get_xscale(), right.get_xscale()) == ("log", "linear")
    assert "power 0.5, R² 1.000" in left.get_title()


def test_too_few_epochs_have_points_and_no_fit():
    table = table_of(lambda s, seed: s, epochs=(0, 1, 2))
    assert table["mean"].tolist() == pytest.approx([1 / 3, 2 / 3])
    assert table[["power", "exponential"]].isna().all(axis=None)
    weight_growth.draw(table)
