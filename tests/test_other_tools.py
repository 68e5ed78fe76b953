"""Other tools' formulas give our values, so that the seconds of both are of the same measure."""

import pytest

from benchmarks.other_tools import COMPARISONS, OURS, take, with_table

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


def test_the_table_is_written_between_its_marks_and_again():
    row = {"measure": "cka", "tool": "netrep", "source": "from its formula", "value": 0.5, "interval": False}
    row |= {"chance": True, "seconds": 12.0, "peak": 34.5, "different": "ten directions"}
    result = {"date": "2026-01-01", "machine": "m", "N": 1000, "d": 10, "rows": [row]}
    page = "before\n\n<!-- other_tools: start -->\n\nold\n\n<!-- other_tools: end -->\n\nafter"
    written = with_table(page, result)
    assert written.startswith("before\n\n<!--")
    assert written.endswith("-->\n\nafter")
    assert "old" not in written
    assert "| `cka`     | netrep (formula) | 0.5000, ten directions | no         | yes      | 12        | 34" in written
    assert with_table(written, result) == written
