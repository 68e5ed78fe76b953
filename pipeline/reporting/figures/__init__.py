"""The figures, one file `plot_<name>.py` each.

Each declares literals: its CAPTION, the EXPERIMENTS whose runs it shows, the kinds of measures that it READS, the TWINS
that it needs, and perhaps OPTIONAL_EXPERIMENTS, which it shows too where the settings have them with these twins.
`table(reading)` returns the CSV that it is drawn from, `draw(table)` draws it.
"""

from dataclasses import dataclass
from pathlib import Path

from pipeline.config.base import SettingsError
from pipeline.config.references import literals, names_in


@dataclass(frozen=True)
class FigureFacts:
    """Declarations of a figure."""

    caption: str
    experiments: tuple[str, ...]  # whose runs it shows
    reads: tuple[str, ...]  # kinds of measures
    twins: tuple[str, ...]  # that each of its experiments must have
    optional: tuple[str, ...] = ()  # experiments that it shows too where the settings have them


def facts_of(path: Path) -> FigureFacts:
    """Read a figure's declarations without running it: the workflow needs them, and plotting libraries take seconds.

    Raises:
        SettingsError: names what is not declared.
    """
    declared = literals(path)
    missing = [name for name in ("CAPTION", "EXPERIMENTS", "READS", "TWINS") if name not in declared]
    if missing:
        raise SettingsError(f"{path}: expected literals at the top of a figure, got none for {', '.join(missing)}")
    return FigureFacts(
        declared["CAPTION"],
        declared["EXPERIMENTS"],
        declared["READS"],
        declared["TWINS"],
        declared.get("OPTIONAL_EXPERIMENTS", ()),
    )


FILES = {name.removeprefix("plot_"): name for name in names_in("pipeline/reporting/figures")}
FIGURES = {figure: facts_of(Path(__file__).with_name(f"{file}.py")) for figure, file in FILES.items()}
