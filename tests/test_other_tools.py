"""Other tools' formulas give our values, so that the seconds of both are of the same measure."""

import math

import pytest

from benchmarks.measure import run_in_subprocess
from benchmarks.other_tools import COMPARISONS, OURS, take, take_in_memory, with_table

CASES = [(comparison, tool) for comparison in COMPARISONS for tool in comparison.tools]


@pytest.mark.parametrize(("comparison", "tool"), CASES, ids=lambda case: getattr(case, "name", case))
def test_a_tool_gives_our_value_where_its_definition_is_ours(comparison, tool):
    if tool == "rsatoolbox":
        pytest.importorskip("rsatoolbox", reason="rsatoolbox is not installed")
    theirs, ours = (take(comparison.name, name, 120, 16)[0] for name in (tool, OURS))
    if comparison.different and tool in comparison.different:
        assert abs(theirs - ours) > 1e-3
    else:
        assert theirs == pytest.approx(ours, abs=1e-4)


def test_a_tool_that_needs_more_memory_than_there_is_has_no_value():
    limit = 3 * 2**30  # one kernel of 30,000 rows takes 3.4 GiB
    (value, *_), _ = run_in_subprocess(take_in_memory, "cka_raw", "netrep", 30_000, 4, limit)
    assert math.isnan(value)
    (value, *_), _ = run_in_subprocess(take_in_memory, "cka_raw", "netrep", 120, 4, limit)
    assert 0 < value < 1


def test_the_table_is_written_between_its_marks_and_again():
    row = {
        "rows": 1000,
        "columns": 10,
        "measure": "cka",
        "tool": "netrep",
        "source": "from its formula",
        "value": 0.5,
        "interval": False,
    }
    row |= {"chance": True, "seconds": 12.0, "peak": 34.5, "different": "ten directions"}
    result = {"date": "2026-01-01", "machine": "m", "memory": 19, "rows": [row]}
    page = "before\n\n<!-- other_tools: start -->\n\nold\n\n<!-- other_tools: end -->\n\nafter"
    written = with_table(page, "other_tools", result)
    assert written.startswith("before\n\n<!--")
    assert written.endswith("-->\n\nafter")
    assert "old" not in written
    assert "| `cka`     | netrep (formula) | 0.5000, ten directions | no         | yes      | 12        | 34" in written
    assert with_table(written, "other_tools", result) == written
