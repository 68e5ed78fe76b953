"""The figures: a file `plot_<name>.py` each.

Each says by literals at its top what it shows: its CAPTION, the EXPERIMENTS whose runs it shows, the kinds of
measures that it READS, and the TWINS without which it has nothing to show. `table(reading)` makes the CSV that it is
drawn from, `draw(table)` draws it.
"""

from dataclasses import dataclass
from pathlib import Path

from pipeline.config.base import SettingsError
from pipeline.config.references import literals, names_in

WIDTH = 7.2  # inches of the widest figure: a sheet of paper between its margins, where letters have their own size
DPI = 160


@dataclass(frozen=True)
class FigureFacts:
    caption: str
    experiments: tuple[str, ...]  # whose runs it shows
    reads: tuple[str, ...]
    twins: tuple[str, ...]  # that each of its experiments must have


def facts_of(path: Path) -> FigureFacts:
    """Without running the file: the workflow asks, and plotting libraries take seconds."""
    found = literals(path)
    missing = [name for name in ("CAPTION", "EXPERIMENTS", "READS", "TWINS") if name not in found]
    if missing:
        raise SettingsError(f"{path}: a figure says at its top, as a literal: {', '.join(missing)}")
    return FigureFacts(found["CAPTION"], found["EXPERIMENTS"], found["READS"], found["TWINS"])


FILES = {name.removeprefix("plot_"): name for name in names_in("pipeline/reporting/figures")}
FIGURES = {figure: facts_of(Path(__file__).with_name(f"{file}.py")) for figure, file in FILES.items()}
