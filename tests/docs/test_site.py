"""Pages that are made from declarations are current, and the site is built without a warning or a network."""

import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from pipeline.config.base import Settings
from pipeline.config.objectives import OBJECTIVES
from pipeline.config.params import Params
from pipeline.config.run import Run
from pipeline.documentation import PAGES
from pipeline.jobs.chain import STAGES
from pipeline.planning.layout import Layout
from pipeline.reporting.claims import CLAIMS
from pipeline.reporting.figures import FIGURES
from tests.docs.pages import ROOT


@pytest.mark.parametrize("name", PAGES)
def test_a_made_page_is_what_the_declarations_make(name):
    assert (ROOT / "docs" / "reference" / f"{name}.md").read_text(encoding="utf-8") == PAGES[name](), (
        "run `make reference`"
    )


def kinds(kind):
    """A type of settings and all that it holds."""
    yield kind
    for field in kind.model_fields.values():
        waiting = [field.annotation]
        while waiting:
            one = waiting.pop()
            waiting += get_args(one)
            if isinstance(one, type) and issubclass(one, Settings):
                yield from kinds(one)


@pytest.mark.parametrize(
    "kind", sorted({*kinds(Params), Run}, key=lambda kind: kind.__name__), ids=lambda kind: kind.__name__
)
def test_every_setting_stands_in_the_reference_with_its_words(kind):
    lines = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8").splitlines()
    for name, field in kind.model_fields.items():
        words = " ".join((field.description or "").split()).replace("|", "\\|")
        assert [one for one in lines if one.startswith(f"| `{name}` |") and one.endswith(f"| {words} |")], name


def test_every_stage_and_name_stands_in_the_reference():
    stages, names = ((ROOT / "docs" / "reference" / f"{one}.md").read_text() for one in ("stages", "names"))
    assert re.findall(r"^## (\w+)$", stages, re.MULTILINE) == list(STAGES)
    layout = Layout(Path("results"), Path("reports"))
    for stage in STAGES.values():
        written = layout.place(stage, "<name>" if stage.subject else "").outputs.items()
        assert all(f"| writes `{kind}` | `{path.as_posix()}` |" in stages for kind, path in written)
    for name in (*OBJECTIVES, *FIGURES, *CLAIMS):
        assert f"\n| `{name}` |" in names


def test_the_site_is_built_without_a_warning_and_loads_nothing(tmp_path):
    pytest.importorskip("furo", reason="the extra `docs` is not installed")
    command = (sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet", "docs", tmp_path)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    pages = [path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")]
    for page in pages:
        text = (tmp_path / page).read_text(encoding="utf-8")
        assert not re.search(r"<(script|link|img|iframe)[^>]*(src|href)=\"(https?:)?//", text), page
    for style in (tmp_path / "_static").rglob("*.css"):
        assert not re.search(r"(@import|url\()\s*[\"']?(https?:)?//", style.read_text(encoding="utf-8")), style
