"""The report without what it has nothing to show for: sections of experiments that the settings do not have."""

from collections.abc import Iterator, Sequence
from typing import Any

from nbformat import from_dict

Cell = Any  # of an executed notebook


def without_empty(cells: Sequence[Cell]) -> list[Cell]:
    """Cells but for those of code that show nothing, and texts before such a one. A heading stays where more of its
    section does, and so does the page's title."""
    kept: list[Cell] = []
    heading = ""  # of a text that was left out
    for text, codes in _paragraphs(cells):
        left = [cell for cell in codes if _shows(cell)]
        said = text.source if text is not None else ""
        if said.startswith("#"):
            heading, _, said = said.partition("\n")
        if codes and not _shows(codes[0]) and not heading.startswith("# "):
            said = ""
        if text is not None and (left or said.strip()):
            source = "\n".join(filter(None, (heading, said)))
            heading = ""
            if source:
                kept.append(from_dict({**text, "source": source}))
        kept += left
    return kept


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


def _shows(cell: Cell) -> bool:
    """Whether any output has more than white space."""
    return any("".join(output.get("data", {}).get("text/html", "")).strip() for output in cell.outputs)
