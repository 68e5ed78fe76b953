"""Reference pages are current, and the site is built without a warning or a network."""

import re
import runpy
import subprocess
import sys

import pytest

from pipeline.config.objectives import OBJECTIVES
from pipeline.config.run import Run
from pipeline.config.schema import schema
from pipeline.datasets.catalog import KNOWN
from pipeline.jobs.chain import STAGES
from pipeline.reporting.claims import CLAIMS
from pipeline.reporting.figures import FIGURES
from tests.docs.pages import ALL, ROOT

SETTINGS = [name for part in (schema(), *schema()["$defs"].values()) for name in part["properties"]]
DECLARED = {
    "settings": {*SETTINGS, *Run.model_fields},
    "names": {*OBJECTIVES, *KNOWN, *FIGURES, *CLAIMS, *STAGES},
}


@pytest.fixture(scope="module")
def written():
    return runpy.run_path(str(ROOT / "docs" / "reference_pages.py"))["pages"]()


@pytest.mark.parametrize("name", DECLARED)
def test_a_reference_page_is_current_and_has_everything_declared(written, name):
    page = (ROOT / "docs" / "reference" / f"{name}.md").read_text(encoding="utf-8")
    assert page == written[name], "run `make reference`"
    assert DECLARED[name] <= set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))


@pytest.mark.long
def test_the_site_is_built_without_a_warning_and_loads_nothing(tmp_path):
    pytest.importorskip("furo", reason="the extra `docs` is not installed")
    command = (sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet", "docs", tmp_path)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for page in ALL[2:]:
        text = (tmp_path / page.path.relative_to(ROOT / "docs")).with_suffix(".html").read_text(encoding="utf-8")
        assert not re.search(r"<(script|link|img|iframe)[^>]*(src|href)=\"(https?:)?//", text), page.name
    notebook = (tmp_path / "examples" / "comparison.html").read_text(encoding="utf-8")
    assert notebook.count('<table border="1" class="dataframe"') == 2, "the executed tables"
    assert re.search(r'<img [^>]*src="\.\./_images/\w+\.png"', notebook), "the executed picture"
    assert "&quot;pairs&quot;" in notebook or '"pairs"' in notebook, "the printed JSON"
    for style in (tmp_path / "_static").rglob("*.css"):
        assert not re.search(r"(@import|url\()\s*[\"']?(https?:)?//", style.read_text(encoding="utf-8")), style
