"""The site, by Sphinx: `make docs`. Nothing on it is loaded from elsewhere."""

import os
import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent))
os.environ["PYTHONPATH"] = str(DOCS.parent)  # for the kernels of notebooks

project = "twin-alignment"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = project
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False

nb_execution_mode = "cache"  # a notebook runs again when its code changes
nb_execution_cache_path = str(DOCS.parent / ".jupyter_cache")
nb_execution_raise_on_error = True
myst_heading_anchors = 3  # a link to a heading is written as GitHub expects it
default_role = "code"
autodoc_typehints = "description"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True

LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#:\s]+)(?:#[^)]*)?\)")


def drop_links(file: Path, content: list[str]) -> None:
    """Replace links to files that are no pages of the site by their text."""

    def replace(match: re.Match[str]) -> str:
        path = (file.parent / match[2]).resolve()
        return match[0] if path.suffix == ".md" and path.is_relative_to(DOCS) else match[1]

    content[0] = LINK.sub(replace, content[0])


def escape(app: Sphinx, kind: str, name: str, item: object, options: object, lines: list[str]) -> None:
    """Escape what reStructuredText takes for markup outside of backticks: |a|_F and a * b are formulas."""
    for number, line in enumerate(lines):
        parts = line.split("`")
        parts[::2] = [re.sub(r"[\\|*]", r"\\\g<0>", part) for part in parts[::2]]
        lines[number] = "`".join(parts)


def setup(app: Sphinx) -> None:
    app.connect("source-read", lambda app, page, content: drop_links(DOCS / page, content))
    app.connect("include-read", lambda app, path, page, content: drop_links(DOCS / path, content))
    app.connect("autodoc-process-docstring", escape, priority=400)  # before napoleon
