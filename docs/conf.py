"""The site, by Sphinx: `make docs`. Nothing on it is loaded from elsewhere."""

import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parents[1]))

project = "twin-alignment"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = project
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False

myst_heading_anchors = 3  # a link to a heading is written as GitHub expects it
suppress_warnings = ["myst.xref_missing"]  # a link to a file that is no page of the site becomes plain text
default_role = "code"
autodoc_typehints = "description"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True


def escape(app: Sphinx, kind: str, name: str, item: object, options: object, lines: list[str]) -> None:
    """Escape what reStructuredText takes for markup outside of backticks: |a|_F and a * b are formulas."""
    for number, line in enumerate(lines):
        parts = line.split("`")
        parts[::2] = [re.sub(r"[\\|*]", r"\\\g<0>", part) for part in parts[::2]]
        lines[number] = "`".join(parts)


def setup(app: Sphinx) -> None:
    app.connect("autodoc-process-docstring", escape, priority=400)  # before napoleon
