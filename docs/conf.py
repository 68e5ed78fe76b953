"""The site, by Sphinx: `make docs`. Nothing on it is loaded from elsewhere."""

import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent))

project = "twin-alignment"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
html_theme = "furo"
html_title = project
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False

myst_heading_anchors = 3  # a link to a heading is written as where the repository is shown
default_role = "code"
autodoc_typehints = "description"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True

LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#:\s]+)(#[^)]*)?\)")


def within(text: str, folder: Path) -> str:
    """Markdown of a folder without its links to files that are not pages of the site: what they name stays."""

    def kept(match: re.Match[str]) -> str:
        path = (folder / match[2]).resolve()
        if path.suffix == ".md" and path.is_relative_to(DOCS):
            return match[0]
        name = path.relative_to(DOCS.parent).as_posix()
        return match[1] if name in match[1] else f"{match[1]} (`{name}`)"

    return LINK.sub(kept, text)


def read_page(app: Sphinx, page: str, content: list[str]) -> None:
    content[0] = within(content[0], (DOCS / page).parent)


def read_included(app: Sphinx, path: Path, page: str, content: list[str]) -> None:
    content[0] = within(content[0], (DOCS / path).parent)


def as_it_is(app: Sphinx, kind: str, name: str, found: object, options: object, lines: list[str]) -> None:
    """Docstrings are plain text with code in backticks: |a|_F and a * b are no markup."""
    for number, line in enumerate(lines):
        parts = line.split("`")
        parts[::2] = [re.sub(r"[\\|*]", r"\\\g<0>", part) for part in parts[::2]]
        lines[number] = "`".join(parts)


def setup(app: Sphinx) -> None:
    app.connect("source-read", read_page)
    app.connect("include-read", read_included)
    app.connect("autodoc-process-docstring", as_it_is)
