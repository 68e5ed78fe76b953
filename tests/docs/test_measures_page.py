"""The page of measures is what the measures do: invariance, interval, chance level, cost, example and table."""

import contextlib
import io
import json
import math
import re

import numpy as np
import pytest
from scipy.stats import ortho_group

from benchmarks.other_tools import ALL, COMPARISONS, SEVERAL, SIZED, with_table
from tests.docs.pages import ROOT, Page
from twin_alignment.comparison.array_comparison import compare
from twin_alignment.measures.registry import ALL_MEASURES

PAGE = Page(ROOT / "docs" / "measures.md")
COLUMNS = ("invariant", "range", "interval", "chance", "cost")
ROWS = {
    name: dict(zip(COLUMNS, cells.split(" | "), strict=True))
    for name, cells in re.findall(r"^\| `(\w+)` \| ([^|]*(?:\| [^|]*){4}) \|$", PAGE.text, re.MULTILINE)
}
RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 5)) + 0.5
Y = X @ RNG.normal(size=(5, 4)) + RNG.normal(size=(40, 4))
CHANGES = {
    "rotation": lambda x: x @ ortho_group.rvs(5, random_state=1),
    "scale": lambda x: 3 * x,
    "shift": lambda x: x + np.array([3.0, -2, 1, 5, 2]),
    "length": lambda x: x * np.random.default_rng(1).uniform(0.2, 5, (40, 1)),
    "linear map": lambda x: x @ np.random.default_rng(2).normal(size=(5, 5)),
}


@pytest.fixture(scope="module")
def estimates():
    return compare(X, Y, list(ALL_MEASURES))


def test_every_measure_has_a_row_with_its_cost():
    assert {name: row["cost"] for name, row in ROWS.items()} == {
        name: measure.cost for name, measure in ALL_MEASURES.items()
    }


@pytest.mark.parametrize("change", CHANGES)
def test_measures_are_invariant_to_what_their_row_says_and_to_nothing_else(estimates, change):
    changed = compare(CHANGES[change](X), Y, list(ALL_MEASURES))
    for name, row in ROWS.items():
        same = changed[name].value == pytest.approx(estimates[name].value, abs=1e-6)
        assert same == (change in row["invariant"].split(", ")), name


def test_intervals_and_chance_levels_are_there_where_the_page_has_them(estimates):
    for name, row in ROWS.items():
        estimate = estimates[name]
        assert (row["interval"] == "no") == math.isnan(estimate.low), name
        assert (row["chance"] == "no") == math.isnan(estimate.null), name
        assert row["chance"].endswith("s.d.") == (not math.isnan(estimate.null_sd)), name


def test_values_are_in_their_range(estimates):
    for name, row in ROWS.items():
        low, high = {"0 to 1": (0, 1), "−1 to 1": (-1, 1)}.get(row["range"], (-math.inf, math.inf))
        assert (
            low <= estimates[name].low <= estimates[name].value <= estimates[name].high <= high
            or row["interval"] == "no"
        ), name


def test_the_example_prints_what_the_page_shows():
    code, output = PAGE.blocks("python")[1], io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(code, "docs/measures.md", "exec"), {})
    assert PAGE.blocks("text")[0].strip() == output.getvalue().strip()


def test_the_table_of_other_tools_is_that_of_the_measurement():
    for name, measures in ((ALL, {comparison.name for comparison in COMPARISONS}), (SEVERAL, set(SIZED))):
        result = json.loads((ROOT / "benchmarks" / f"{name}.json").read_text())
        assert with_table(PAGE.text, name, result) == PAGE.text
        assert {row["measure"] for row in result["rows"]} == measures
