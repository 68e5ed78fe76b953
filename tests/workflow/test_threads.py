"""How far the number of threads reaches: training not at all, what is measured of it in the last digits."""

import numpy as np
import pandas as pd
import pytest

from tests.workflow.conftest import RUN

MEASURES = ("probes", "alignment", "weights", "collapse", "movement")


@pytest.fixture(scope="module")
def again(finished, tmp_path_factory):
    """A run trained and measured by two threads, beside one by one."""
    project = finished.copy(tmp_path_factory.mktemp("threads") / "twins")
    project.pipeline("remake", RUN)
    for stage in ("twins", "measure"):
        project.pipeline(stage, RUN, "--threads", "2")
    return project


def test_training_is_equal_to_the_bit(finished, again):
    folders = [project.folder("twins", RUN) for project in (finished, again)]
    ours, theirs = (
        {path.relative_to(f): path.read_bytes() for path in f.rglob("*.*") if path.suffix != ".json"} for f in folders
    )
    assert len(ours) == 5  # networks of two twins at two epochs, and losses
    assert ours == theirs


@pytest.mark.parametrize("kind", MEASURES)
def test_measures_agree(finished, again, kind):
    one, two = (pd.read_csv(p.folder("measure", RUN) / f"{kind}.csv") for p in (finished, again))
    numbers = one.select_dtypes("number").columns
    pd.testing.assert_frame_equal(one.drop(columns=numbers), two.drop(columns=numbers))
    np.testing.assert_allclose(one[numbers], two[numbers], rtol=1e-4, atol=1e-6)
