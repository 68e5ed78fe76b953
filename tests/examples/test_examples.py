"""The worked examples of docs/examples, from their package to Table 1, as their pages say it."""

import pandas as pd
import pytest

from tests.docs.pages import ROOT, Page

MAX_LINES = 60
CONTROLS = {"nscl_shuffled", "cl_independent", "cl_perturbed"}
FOLDERS = sorted(path for path in (ROOT / "docs" / "examples").iterdir() if path.is_dir())


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_every_file_is_short_and_shown_on_the_page(folder):
    page = Page(folder.with_suffix(".md")).text
    files = [path for path in folder.iterdir() if path.is_file()]
    assert {"settings.yaml", "views.py", "make_data.py"} <= {path.name for path in files}
    for path in files:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES
        assert f"{{literalinclude}} {folder.name}/{path.name}" in page


@pytest.mark.long
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_it_comes_to_table_1(sources, tmp_path, folder):
    """With one seed: CL learns, and labels help."""
    project = sources.copy(tmp_path / "twins")
    settings = f"docs/examples/{folder.name}/settings.yaml"
    project.edit(settings, "seed: [0, 1, 2, 3]", "seed: 0")
    for command in Page(folder.with_suffix(".md")).commands:
        project.run(*command.replace("--cores all", "--cores 2").split())
    table = pd.read_csv(project.path / "reports" / folder.name / "table1.csv")
    accuracy = table[table["dataset"] == folder.name].pivot(index="objective", columns="probe", values="mean")
    assert set(accuracy.index) >= {"raw_pixels", "untrained", "cl", "nscl", "scl", "ce", *CONTROLS}
    for probe in ("nccc", "lp"):
        trained = accuracy[probe]
        assert trained["cl"] > trained["untrained"] > 100 / table["classes"].max()
        assert trained["nscl"] > trained["cl"]
        assert trained["ce"] > trained["nscl_shuffled"]
