"""Styles of figures: colours and markers, letters, legends and notes. Objectives differ in lightness and marker."""

import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure

from pipeline.config.objectives import OBJECTIVES
from pipeline.reporting.page_size import DPI
from pipeline.system.files import write_atomically
from twin_alignment.measures import registry

LETTERS = 8.0  # points, of all text in a figure
_SIZES = ("font.size", "axes.titlesize", "axes.labelsize", "xtick.labelsize", "ytick.labelsize", "legend.fontsize")
_THEME: dict[Any, Any] = {  # a white background with a light grid
    **dict.fromkeys(_SIZES, LETTERS),
    **dict.fromkeys(("axes.edgecolor", "grid.color"), "0.8"),
    **dict.fromkeys(("axes.labelcolor", "text.color", "xtick.color", "ytick.color"), "0.15"),
    **dict.fromkeys(("axes.grid", "axes.axisbelow"), True),
    **dict.fromkeys(("xtick.bottom", "ytick.left"), False),
    **dict.fromkeys(("xtick.major.size", "ytick.major.size"), 4.8),  # points, of ticks that are not drawn: their room
    **{"axes.linewidth": 1.0, "lines.linewidth": 1.2, "lines.markersize": 4.8, "lines.solid_capstyle": "round"},
    **{"font.sans-serif": ["Arial", "DejaVu Sans", "Liberation Sans"], "pdf.fonttype": 42, "svg.hashsalt": ""},
}
mpl.rcParams.update(_THEME)

Style = tuple[Any, str]  # colour and marker
OBJECTIVE_STYLES: dict[str, Style] = {  # Okabe and Ito's colours from dark to light, distinct for any colour vision
    "cl": ("#000000", "D"),
    "nscl": ("#0072B2", "o"),
    "scl": ("#D55E00", "s"),
    "ce": ("#E0A030", "^"),
    "nscl_shuffled": ("#56B4E9", "v"),
    "cl_independent": ("#009E73", "P"),
    "cl_perturbed": ("#CC79A7", "X"),
    # label-fraction sweep: from CL's black to NSCL's blue, and to the lighter one of NSCL with shuffled labels
    "nscl_partial_25": ("#001D2C", "<"),
    "nscl_partial_50": ("#003959", ">"),
    "nscl_partial_75": ("#005685", "p"),
    "nscl_shuffled_partial_25": ("#162D3A", "h"),
    "nscl_shuffled_partial_50": ("#2B5A75", "*"),
    "nscl_shuffled_partial_75": ("#4187AF", "d"),
    # other objectives: a hue for each pair, the supervised counterpart lighter
    "infonce": ("#555555", "8"),
    "infonce_supervised": ("#A3A3A3", "H"),
    "spectral": ("#004D40", "+"),
    "spectral_supervised": ("#6FBFB0", "x"),
    "vicreg": ("#7A1F3D", "1"),
    "vicreg_supervised": ("#E58CA8", "2"),
    "barlow": ("#5D4A00", "3"),
    "barlow_supervised": ("#BFAE4A", "4"),
}
NAMES = {"infonce": "InfoNCE", "spectral": "Spectral", "vicreg": "VICReg", "barlow": "Barlow Twins"}  # else in capitals
CUSTOM_COLOURS = ("#7B3294", "#8C564B", "#4D7C0F", "#1B1F80")  # of custom objectives, distinct from all above
CUSTOM_MARKERS = "<>ph*d"  # those of partial NSCL, which has a figure of its own
INTERVALS = "Intervals are 95 % of the mean over seeds (Student's t), from four seeds on."
PAPERS = ", paper"  # ends the label of a value of the paper
MEASURES = {name: measure.label for name, measure in registry.MEASURES.items() if measure.drawn}


def styles(objectives: Iterable[str]) -> dict[str, Style]:
    """Colour and marker of each objective; custom objectives get the next free style, and no two are alike."""
    names = list(dict.fromkeys(map(str, objectives)))
    custom = [name for name in names if name not in OBJECTIVE_STYLES]
    return {name: OBJECTIVE_STYLES.get(name) or _custom_style(custom.index(name)) for name in names}


def _custom_style(index: int) -> Style:
    """Markers vary first, as they differ in grey too; the colours move on after each round of markers."""
    colour = index + index // len(CUSTOM_MARKERS)
    return CUSTOM_COLOURS[colour % len(CUSTOM_COLOURS)], CUSTOM_MARKERS[index % len(CUSTOM_MARKERS)]


def ordered_styles(values: Iterable[Any]) -> dict[Any, Style]:
    """Colour, from dark to light, and marker of each value of a swept setting."""
    values = list(values)
    colours = mpl.colormaps["viridis"](np.linspace(0, 1, len(values) + 3)[1:-2])  # the last ones are too light on white
    return {value: (colours[i], "osD^vP*"[i % 7]) for i, value in enumerate(values)}


def objective_label(objective: object) -> str:
    """Label of an objective in a legend: `NSCL shuffled`, `VICReg supervised`, `NSCL random 20`."""
    first, *rest = str(objective).split("_")
    if first not in OBJECTIVES:
        return str(objective).upper()
    return " ".join([NAMES.get(first, first.upper()), *rest])


def legend(figure: Figure, columns: int) -> None:
    """Draw one legend above all panels, with each label once.

    It has at most `columns` columns, fewer where there is no room; the figure grows by its height. Objectives are in
    the order of their declaration, the paper's values last.
    """
    parts = [panel.get_legend_handles_labels() for panel in figure.axes]
    handles = {label: handle for handles, labels in parts for handle, label in zip(handles, labels, strict=True)}
    ordered = {label: handles[label] for label in sorted(handles, key=_legend_place)}
    for ncols in range(columns, 0, -1):
        drawn = figure.legend(ordered.values(), ordered.keys(), loc="outside upper center", ncols=ncols, frameon=False)
        box = drawn.get_window_extent()
        if box.width <= figure.bbox.width or ncols == 1:
            break
        drawn.remove()
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + box.height / figure.dpi)


def _legend_place(label: str) -> tuple[bool, int]:
    names = [objective_label(objective) for objective in OBJECTIVES]
    name = label.removesuffix(PAPERS).removeprefix("CL–")
    return label.endswith(PAPERS), names.index(name) if name in names else len(names)


def note(figure: Figure, sentences: Sequence[str]) -> None:
    """Write small lines under the panels, wrapped to the figure's width; the figure grows by them."""
    width, height = figure.get_size_inches()
    letters = int(width * 72 / (0.56 * LETTERS))  # a letter is about half as wide as it is high, some are wider
    lines = [line for sentence in sentences for line in textwrap.wrap(sentence, letters, subsequent_indent="    ")]
    figure.set_size_inches(width, height + 1.4 * LETTERS / 72 * len(lines))
    figure.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=LETTERS, color="0.25")


def save(figure: Figure, png: Path, pdf: Path | None = None) -> None:
    """Write PNG and PDF in one layout, that of the PNG, and without a date: equal tables give equal bytes."""
    figure.set_dpi(DPI)
    write_atomically(png, FigureCanvasAgg(figure).print_png)
    if pdf is not None:
        figure.set_layout_engine("none")
        canvas: Any = FigureCanvasPdf(figure)
        write_atomically(pdf, lambda temporary: canvas.print_pdf(temporary, metadata={"CreationDate": None}))
