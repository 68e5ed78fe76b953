"""Plain text tables with aligned columns."""

from collections.abc import Sequence
from itertools import zip_longest


def text_table(rows: Sequence[Sequence[str]], header: Sequence[str]) -> str:
    """Return rows of cells below a header and a line of dashes; a cell may have several lines.

    Example:
        >>> print(text_table([["cka", "0.9"], ["rsa", "0.8"]], ["measure", "value"]))
        measure    value
        ---------  -------
        cka        0.9
        rsa        0.8
    """
    cells = [[cell.split("\n") for cell in row] for row in (header, *rows)]
    padded = [[f"{title}  "] for title in header]
    widths = [max(len(line) for cell in column for line in cell) for column in zip(padded, *cells, strict=True)]
    lines = [_lines(row, widths) for row in cells]
    dashes = "  ".join("-" * width for width in widths)
    return "\n".join([*lines[0], dashes, *(line for row in lines[1:] for line in row)])


def _lines(row: Sequence[Sequence[str]], widths: Sequence[int]) -> list[str]:
    """Lines of one row, its cells padded to the widths of their columns."""
    lines = zip_longest(*row, fillvalue="")
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
