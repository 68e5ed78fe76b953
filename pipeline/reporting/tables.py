"""What tables have in common: one row per setting and quantity, averaged over seeds."""

import math
from collections.abc import Sequence

from pipeline.files import NOT_AVAILABLE
from pipeline.runs import Run


def encoder_name(run: Run) -> str:
    return f"{run.encoder}-w{run.width}"


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown with aligned columns."""
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (header, *rows)]
    lines.insert(1, " | ".join("-" * width for width in widths))
    return "\n".join(f"| {line} |" for line in lines)


def number(value: float, digits: int) -> str:
    return NOT_AVAILABLE if math.isnan(value) else f"{value:.{digits}f}"
