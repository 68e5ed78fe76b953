"""Axes have numbers, however far their values reach."""

import pytest
from matplotlib.figure import Figure

from pipeline.reporting.panels import log_values


@pytest.mark.parametrize(
    ("values", "among"), [((0.3, 6.0), ["0.5", "1", "2", "5"]), ((3e-7, 1.0), ["0.0001", "0.01", "1"])]
)
def test_a_logarithmic_axis_has_numbers_over_few_and_over_many_decades(values, among):
    figure = Figure(figsize=(4, 2))
    axes = figure.subplots()
    axes.plot([0, 1], values)
    log_values(axes)
    figure.draw_without_rendering()
    low, high = axes.get_ylim()
    shown = [
        label.get_text()
        for label, place in zip(axes.get_yticklabels(), axes.get_yticks(), strict=True)
        if low <= place <= high
    ]
    assert set(among) <= set(shown)
    assert len(shown) <= 8
