"""What all figures have in common: objectives differ in lightness and marker, not in hue alone."""

import math
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from pipeline.config.objectives import OBJECTIVES
from pipeline.reporting.figures import DPI, WIDTH
from pipeline.reporting.tables import data_label
from pipeline.system.files import write_atomically
from twin_alignment.measures import registry as measures

mpl.use("Agg")  # files only: no screen is needed
LETTERS = 8.0  # points, of everything that is written in a figure
HEIGHT = 2.25  # inches of a row of panels
ACROSS = 3  # panels at most, side by side
_SIZES = ("font.size", "axes.titlesize", "axes.labelsize", "xtick.labelsize", "ytick.labelsize", "legend.fontsize")
sns.set_theme(
    style="whitegrid",
    context="paper",
    rc={"pdf.fonttype": 42, "svg.hashsalt": "", **dict.fromkeys(_SIZES, LETTERS)},
)

Look = tuple[str, str]  # colour and marker
OTHER_COLOURS = ("#7B3294", "#8C564B", "#4D7C0F", "#1B1F80")  # of objectives of one's own: those of no other
OTHER_MARKERS = "<>ph*d"  # as doses have, which stand in a figure of their own
FEW = 3  # seeds up to which intervals are bars: bands of so few are wide, and lie over each other
INTERVALS = "Intervals are 95 % of the mean over seeds (Student's t): bars, and bands from four seeds on."
PAPERS = ", paper"  # at the end of a label: what the paper shows
MEASURES = {name: measure.label for name, measure in measures.MEASURES.items() if measure.drawn}


def looks(objectives: Iterable[str]) -> dict[str, Look]:
    """Of each objective: its own, or the next of the others where it is not known by name; no two are alike."""
    names = list(dict.fromkeys(map(str, objectives)))
    unknown = [name for name in names if name not in OBJECTIVES]
    others = {name: _other(index) for index, name in enumerate(unknown)}
    return {name: others.get(name) or (OBJECTIVES[name].colour, OBJECTIVES[name].marker) for name in names}


def _other(index: int) -> Look:
    """Markers first: they are told apart in grey too; colours go round after all markers have had one."""
    colour = index + index // len(OTHER_MARKERS)
    return OTHER_COLOURS[colour % len(OTHER_COLOURS)], OTHER_MARKERS[index % len(OTHER_MARKERS)]


def groups(table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """(title, rows) of every dataset and number of classes, in one order in all figures."""
    return [(data_label(*key), rows) for key, rows in table.groupby(["dataset", "classes"], dropna=False)]


def panels(rows: int, columns: int) -> tuple[Figure, list[list[Axes]]]:
    """As wide as a page whatever the columns, so that letters have one size in all figures; a single panel is less."""
    width = WIDTH if columns > 1 else WIDTH * 2 / 3
    figure = Figure(figsize=(width, HEIGHT * rows), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False).tolist()


def empty(text: str) -> Figure:
    """Of a sentence alone."""
    figure = Figure(figsize=(WIDTH, HEIGHT / 4), layout="constrained")
    figure.text(0.01, 0.98, text, va="top", fontsize=LETTERS)
    return figure


def row_of_panels(count: int) -> tuple[Figure, list[Axes]]:
    """Side by side, and below each other beyond `ACROSS`."""
    columns = min(count, ACROSS)
    figure, axes = panels(math.ceil(count / columns), columns)
    every = [panel for row in axes for panel in row]
    for unused in every[count:]:
        unused.remove()
    return figure, every[:count]


def epochs_axis(axes: Axes, epochs: "pd.Series[int]") -> None:
    """Logarithmic in epoch + 1, as the paper draws it, labelled with the epoch itself where there is room."""
    last, *others = sorted(set(epochs), reverse=True)
    shown, room = [last], 0.1 * math.log(last + 1)  # of a label, in the axis' units
    for epoch in others:
        if math.log((shown[-1] + 1) / (epoch + 1)) > room:
            shown.append(epoch)
    axes.set_xscale("log")
    axes.set_xticks([epoch + 1 for epoch in shown], [f"{epoch:g}" for epoch in shown])
    axes.minorticks_off()
    axes.set_xlabel("epoch (0: initialisation)")


def ordered(values: list[float]) -> dict[float, tuple[Any, str]]:
    """Colour, from dark to light, and marker of each value of a swept setting."""
    colours = sns.color_palette("viridis", len(values) + 1)  # the last one is too light on white
    return {value: (colours[i], "osD^vP*"[i % 7]) for i, value in enumerate(values)}


def errorbars(
    axes: Axes, x: "pd.Series[float]", rows: pd.DataFrame, colour: Any, marker: str, label: str, dashes: str = "-"
) -> None:
    """Means over seeds with their 95 % intervals where there are any."""
    look = {"color": colour, "marker": marker, "ls": dashes, "markersize": 4, "capsize": 3}
    axes.errorbar(x, rows["mean"], spread(rows), label=label, **look)


def spread(rows: pd.DataFrame) -> Any:
    """How far the interval goes below and above the mean [2, N]; 0 where there is none."""
    return np.nan_to_num([rows["mean"] - rows["ci_low"], rows["ci_high"] - rows["mean"]])


def values_axis(axes: Axes, values: "pd.Series[float]", label: str) -> None:
    """Logarithmic, labelled at the values that were run."""
    axes.set_xscale("log")
    shown = sorted(set(values))
    axes.set_xticks(shown, [f"{value:g}" for value in shown])
    axes.minorticks_off()
    axes.set_xlabel(label)


def line(
    axes: Axes, rows: pd.DataFrame, look: Look, label: str, dashes: str = "-", log: bool = False, shift: float = 0.0
) -> None:
    """Mean over seeds against epoch + 1, with the 95 % interval where there is one: a bar of few seeds, a band of more;
    on a logarithmic axis not where it reaches 0, which would fill the panel down to its edge. Bars stand beside each
    other by a `shift` in the logarithm."""
    rows = rows.sort_values("epoch")
    x = rows["epoch"] + 1
    colour, marker = look
    shown = rows["ci_low"] > (0 if log else -math.inf)
    if rows["n_seeds"].max() <= FEW:
        beside = x * math.exp(shift)
        errorbars(axes, beside, rows.assign(ci_low=rows["ci_low"].where(shown)), colour, marker, label, dashes)
        return
    axes.plot(x, rows["mean"], dashes, color=colour, marker=marker, markersize=4, label=label)
    axes.fill_between(x, rows["ci_low"], rows["ci_high"], where=shown, color=colour, alpha=0.12, linewidth=0)


def band(axes: Axes, rows: pd.DataFrame, label: str) -> None:
    """A range against epoch + 1, hatched, behind the lines."""
    drawn = axes.fill_between(rows["epoch"] + 1, rows["ci_low"], rows["ci_high"], label=label)
    drawn.set(facecolor="none", edgecolor="0.7", hatch="////", linewidth=0)


def likeness_axis(axes: Axes, rows: pd.DataFrame) -> None:
    """A vertical axis up to 1 that cuts no interval."""
    axes.set_ylim(float(rows[["mean", "ci_low"]].min().min()) - 0.03, 1.01)


def crosses(axes: Axes, x: "pd.Series[float]", rows: pd.DataFrame, colour: Any, label: str) -> None:
    """Values that the paper shows."""
    if len(rows):
        axes.scatter(x, rows["mean"], marker="x", s=40, color=[colour], zorder=4, label=f"{label}{PAPERS}")


def name_of(objective: object) -> str:
    """Name of an objective in a legend: `NSCL shuffled`, `CL independent`, `NSCL random 20` of one with groups."""
    first, *rest = str(objective).split("_")
    if first not in OBJECTIVES:
        return str(objective).upper()
    return " ".join([first.upper(), *rest])


def legend(figure: Figure, columns: int) -> None:
    """One for all panels, above them, in as many columns as there is room for, each label once; the figure grows by it.
    Objectives stand in the order in which they are declared."""
    parts = [panel.get_legend_handles_labels() for panel in figure.axes]
    found = {label: handle for handles, labels in parts for handle, label in zip(handles, labels, strict=True)}
    shown = {label: found[label] for label in sorted(found, key=_place)}
    for ncols in range(columns, 0, -1):
        drawn = figure.legend(shown.values(), shown.keys(), loc="outside upper center", ncols=ncols, frameon=False)
        box = drawn.get_window_extent()
        if box.width <= figure.bbox.width or ncols == 1:
            break
        drawn.remove()
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + box.height / figure.dpi)


def _place(label: str) -> tuple[bool, int]:
    """Of a label in the legend: the paper's points last."""
    names = [name_of(objective) for objective in OBJECTIVES]
    name = label.removesuffix(PAPERS).removeprefix("CL–")
    return label.endswith(PAPERS), names.index(name) if name in names else len(names)


def note(figure: Figure, sentences: Sequence[str]) -> None:
    """Small lines under the panels, wrapped to the figure's width; the figure grows by them."""
    width, height = figure.get_size_inches()
    letters = int(width * 72 / (0.56 * LETTERS))  # a letter is about half as wide as it is high, some are wider
    lines = [line for sentence in sentences for line in textwrap.wrap(sentence, letters, subsequent_indent="    ")]
    figure.set_size_inches(width, height + 1.4 * LETTERS / 72 * len(lines))
    figure.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=LETTERS, color="0.25")


def log_values(axes: Axes) -> None:
    """A logarithmic vertical axis with plain numbers."""
    axes.set_yscale("log")
    _plain_numbers(axes.yaxis)


def log_progress(axes: Axes, label: str) -> None:
    """A logarithmic horizontal axis with plain numbers, of what is not swept: steps, path length."""
    axes.set_xscale("log")
    _plain_numbers(axes.xaxis)
    axes.set_xlabel(label)


def _plain_numbers(axis: Axis) -> None:
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())


def save(figure: Figure, path: Path) -> None:
    """PNG or PDF by the path's suffix, without a date: equal tables give equal bytes."""
    kind = path.suffix[1:]
    metadata = {"CreationDate": None} if kind == "pdf" else {}
    write_atomically(path, lambda temporary: figure.savefig(temporary, format=kind, dpi=DPI, metadata=metadata))
