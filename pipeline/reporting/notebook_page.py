"""The report's page, from its executed notebook."""

from collections.abc import Iterator, Sequence
from typing import Any

from jinja2 import Environment
from markupsafe import Markup
from nbconvert import HTMLExporter
from nbformat import NotebookNode, from_dict

Cell = Any  # of an executed notebook


def page(notebook: NotebookNode, template: str) -> str:
    """Fill the template's `body` with the texts and outputs of a notebook, without empty sections."""
    notebook.cells = without_empty(notebook.cells)
    for number, cell in enumerate(notebook.cells, start=1):
        cell["id"] = f"cell-{number}"  # instead of a random one: the same results give the same page
    exporter = HTMLExporter(template_name="basic", exclude_input=True, exclude_output_prompt=True)
    body, _ = exporter.from_notebook_node(notebook)
    return Environment(autoescape=True, keep_trailing_newline=True).from_string(template).render(body=Markup(body))


def without_empty(cells: Sequence[Cell]) -> list[Cell]:
    """Drop code that shows nothing, and the text before it.

    A heading stays while more of its section does, and so does the page's title.
    """
    remaining: list[Cell] = []
    heading = ""  # of a text that was left out
    for text, codes in _paragraphs(cells):
        visible = [cell for cell in codes if _has_output(cell)]
        words = text.source if text is not None else ""
        if words.startswith("#"):
            heading, _, words = words.partition("\n")
        if codes and not _has_output(codes[0]) and not heading.startswith("# "):
            words = ""
        if text is not None and (visible or words.strip()):
            source = "\n".join(filter(None, (heading, words)))
            heading = ""
            if source:
                remaining.append(from_dict({**text, "source": source}))
        remaining += visible
    return remaining


def _paragraphs(cells: Sequence[Cell]) -> Iterator[tuple[Cell | None, list[Cell]]]:
    """Each text with the code that follows it."""
    text, codes = None, []
    for cell in cells:
        if cell.cell_type == "code":
            codes.append(cell)
            continue
        yield text, codes
        text, codes = cell, []
    yield text, codes


def _has_output(cell: Cell) -> bool:
    return any("".join(output.get("data", {}).get("text/html", "")).strip() for output in cell.outputs)
