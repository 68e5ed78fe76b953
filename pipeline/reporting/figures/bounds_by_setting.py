"""What the bound and what training say about classes, batch size and temperature: do they point the same way?"""

import math

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting import style
from pipeline.reporting.measured import summarise
from pipeline.reporting.reading import Reading
from pipeline.reporting.slopes import at_equal_steps
from pipeline.reporting.trends import trend

CAPTION = "What the bound says about a setting, and what training did: agree where similarity falls as the bound rises."
EXPERIMENTS = ("classes", "temperature", "batch")
READS = ("bounds",)

SWEPT = {"classes": "classes C", "batch_size": "batch size B", "temperature": "temperature"}
MATCHED = {"epochs": "at equal epochs", "steps": "at equal steps"}
QUANTITIES = ("nonexpansive_log", "certificate_log", "cka", "rsa")


def table(reading: Reading) -> pd.DataFrame:
    """Means over seeds on test images for each value of each swept setting, all others at their most frequent value;
    `matched` says where a run was looked at: its last epoch, or the kept epoch nearest to the fewest steps of a sweep.
    """
    rows = reading.read("bounds").query("split == 'test' and learning_rate_rule == 'linear'")
    usual = {name: rows.groupby(name)["seed"].count().idxmax() for name in SWEPT}
    parts = []
    for swept in SWEPT:
        others = [name for name in SWEPT if name != swept]
        sweep = rows[(rows[others] == pd.Series(usual)[others]).all(axis=1)]
        last = sweep[sweep["epoch"] == sweep["epochs"]]
        for matched, chosen in (("epochs", last), ("steps", at_equal_steps(sweep, swept))):
            found = summarise(chosen.sort_values(swept), (swept,), QUANTITIES).rename(columns={swept: "value"})
            trends = {name: trend(chosen, swept, name) for name in QUANTITIES}
            parts.append(found.assign(swept=swept, matched=matched, trend=found["measure"].map(trends)))
    return pd.concat(parts, ignore_index=True)  # trend: of each measure over the seeds


def draw(table: pd.DataFrame) -> Figure:
    figure, axes = style.panels(len(MATCHED), len(SWEPT))
    for row, (matched, how) in zip(axes, MATCHED.items(), strict=True):
        for panel, (swept, label) in zip(row, SWEPT.items(), strict=True):
            shown = table[(table["swept"] == swept) & (table["matched"] == matched)]
            series = {name: shown[shown["measure"] == name] for name in QUANTITIES}
            for name, colour, marker in (("cka", "#0072B2", "o"), ("rsa", "#56B4E9", "s")):
                style.errorbars(panel, series[name]["value"], series[name], colour, marker, f"measured {name.upper()}")
            right = panel.twinx()
            right.grid(visible=False)
            for name, text, dashes in (
                ("nonexpansive_log", "bound, non-expansive", "--"),
                ("certificate_log", "bound, certificate", ":"),
            ):
                (line,) = right.plot(
                    series[name]["value"], series[name]["mean"] / math.log(10), dashes, color="#D55E00", marker="^"
                )
                panel.plot([], [], dashes, color=line.get_color(), marker="^", label=text)
            right.set_ylabel(r"$\log_{10}$ bound", color="#D55E00")
            style.values_axis(panel, series["cka"]["value"], label)
            panel.set(title=f"{how}: {_verdict(series)}", ylabel="similarity of CL and NSCL")
    style.legend(figure, axes[0][0], 4)
    return figure


def _verdict(series: dict[str, pd.DataFrame]) -> str:
    """Theory and measurement agree where similarity falls as the bound rises, or the other way round."""
    trends = {name: rows["trend"].iloc[0] for name, rows in series.items() if len(rows)}
    bound, measured = trends.get("nonexpansive_log"), trends.get("cka")
    if bound is None or measured is None or "undecided" in (bound, measured):
        return "undecided"
    return "agree" if bound != measured else "disagree"
