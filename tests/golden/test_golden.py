"""Today's code gives the numbers that are kept as text.

To the bit on the processor that they were made on, elsewhere to rounding. Other numbers ask for a raised VERSION and a
line in the changelog.
"""

import io
import re

import pandas as pd
import pytest

from pipeline.jobs.chain import STAGES
from tests.docs.pages import ROOT
from tests.golden.golden_numbers import changelog_line, made_on, numbers, read

VERSIONED = [name for name, stage in STAGES.items() if stage.version is not None]
ROUNDING = {"twins": 5e-3, "curvature": 1e-3}  # relative: twenty steps, and power iterations, carry the last bit far


@pytest.fixture(scope="module")
def found():
    return numbers()


def tables(text):
    return [pd.read_csv(io.StringIO(part)) for part in text.split("\n\n")]


@pytest.mark.parametrize("stage", VERSIONED)
def test_the_numbers_are_those_that_are_kept(found, stage):
    where, kept = read(stage)
    again = f"other numbers: raise VERSION in pipeline/stages/{stage}.py, then `python -m tests.golden.golden_numbers`"
    if where == made_on():
        assert found[stage] == kept, again
        return
    for ours, theirs in zip(tables(found[stage]), tables(kept), strict=True):
        pd.testing.assert_frame_equal(ours, theirs, rtol=ROUNDING.get(stage, 1e-4), atol=1e-5, obj=again)


@pytest.mark.parametrize("stage", VERSIONED)
def test_the_changelog_has_the_version_and_the_numbers(stage):
    """A number that was changed with its text, and without a raised VERSION, has no line of its own."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    line = changelog_line(stage, read(stage)[1])
    assert line in changelog, f"CHANGELOG.md: expected a line with {line}"
    versions = [int(version) for version in re.findall(rf"`{stage}` VERSION (\d+): golden", changelog)]
    assert sorted(versions) == list(range(1, STAGES[stage].version + 1)), "one line a VERSION, none twice"


def test_every_stage_with_a_version_has_golden_numbers(found):
    assert set(found) == set(VERSIONED)


def test_losses_of_shared_randomness_begin_alike(found):
    """By definition: at the first step twins of one initialisation and one batch have one loss of CL's kind."""
    first = tables(found["twins"])[0].query("epoch == 1 and step == 1").set_index("objective")["loss"]
    assert first["cl"] == pytest.approx(first["cl_perturbed"], rel=1e-5)
    assert first["nscl"] < first["cl"]  # fewer negatives in the sum
    assert first["cl_independent"] != first["cl"]
