"""Parts of the report as HTML: figures, tables and claims, read from finished files. Nothing is computed here."""

import base64
import html
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.files import read_json
from pipeline.reporting.figures import FIGURES
from pipeline.reporting.tables import FAILS, HOLDS, NOT_RUN, UNDECIDED, number


class Report:
    """Finished tables and figures of one folder, as HTML."""

    def __init__(self, reports: str) -> None:
        self.folder = Path(reports)
        self.verdicts = pd.read_csv(self.folder / "claims.csv", keep_default_na=False, na_values="NA")
        self.placed: set[str] = set()

    def figure(self, name: str) -> str:
        """The figure within the page, its caption and the verdicts that rest on it; says so where it was not run."""
        spec = FIGURES[name]
        self.placed.add(name)
        path = self.folder / "figures" / f"{name}.png"
        shown = f'<p class="missing">Not run: it needs the experiments {", ".join(spec.experiments)}.</p>'
        if path.is_file():
            data = base64.b64encode(path.read_bytes()).decode()
            text = html.escape(spec.caption, quote=True)
            shown = f'<img src="data:image/png;base64,{data}" alt="{text}">'
        caption = f"<figcaption>{html.escape(spec.caption)} <code>figures/{name}.csv</code></figcaption>"
        return f'<figure id="{name}">{shown}{caption}</figure>{self.claims(name)}'

    def other_figures(self) -> str:
        """Those that were not shown yet, under a heading of their own."""
        others = [self.figure(name) for name in FIGURES if name not in self.placed]
        return "".join(["<h2>Further figures</h2>", *others]) if others else ""

    def claims(self, evidence: str | None = None) -> str:
        """A row per claim and data: all of them, or those that rest on one figure or table."""
        rows = self.verdicts if evidence is None else self.verdicts[self.verdicts["evidence"] == evidence]
        if rows.empty:
            return ""
        shown = [
            (
                _verdict(row["verdict"]),
                f"{html.escape(row['statement'])}<br><small>{html.escape(row['quantity'])}</small>",
                html.escape(str(row["data"])),
                _measured(row),
                html.escape(row["rule"]),
                html.escape(str(row["paper"])),
            )
            for row in rows.to_dict("records")
        ]
        header = ("verdict", "claim, and what is measured", "data", "measured", "holds if", "paper")
        return _table(header, shown, "claims")

    def summary(self) -> str:
        """How many claims ended how, the paper's and ours apart."""
        counts = self.verdicts.groupby(["source", "verdict"]).size().unstack(fill_value=0)
        names = [name for name in (HOLDS, FAILS, UNDECIDED, NOT_RUN) if name in counts]
        rows = [({"paper": "the paper's", "ours": "ours"}[str(s)], *counts.loc[s, names]) for s in counts.index[::-1]]
        return _table(("claims", *names), rows)

    def table1(self) -> str:
        """In the paper's layout, turned: a row per data and probe, a column per objective, published values below."""
        table = pd.read_csv(self.folder / "table1.csv")
        objectives = list(dict.fromkeys(table["objective"]))
        rows = []
        for (data, classes, probe), group in table.groupby(["dataset", "classes", "probe"], sort=False):
            cells = {row["objective"]: _accuracy(row) for row in group.to_dict("records")}
            rows.append((f"{data}, C = {classes}", str(probe).upper(), *(cells.get(o, NOT_RUN) for o in objectives)))
        return _table(("data", "probe", *(name.upper() for name in objectives)), rows)

    def table2(self) -> str:
        """Similarity with CL on test images; all pairs and splits are in the file."""
        table = pd.read_csv(self.folder / "table2.csv")
        shown = table[(table["first"] == "cl") & (table["split"] == "test") & (table["status"] != NOT_RUN)]
        rows = [
            (f"{row['dataset']}, C = {row['classes']}", row["second"].upper(), row["measure"], _interval(row, 3))
            for row in shown.to_dict("records")
        ]
        return _table(("data", "CL and", "measure", "mean over seeds"), rows)

    def not_run(self) -> str:
        """The paper's datasets that no run covers, and claims without data."""
        table = pd.read_csv(self.folder / "table1.csv")
        missing = sorted(set(table.loc[table["status"] == NOT_RUN, "dataset"]))
        claims = self.verdicts.loc[self.verdicts["verdict"] == NOT_RUN, "statement"]
        items = [f"Table 1 on {name}" for name in missing] + list(claims)
        return "<ul>" + "".join(f"<li>{html.escape(item)}</li>" for item in items) + "</ul>"

    def provenance(self) -> str:
        """Of each table and figure its commit, settings and data; what the runs cost, and which were kept in spite
        of other code; versions and machines. `provenance.json` has each run."""
        made = read_json(self.folder / "provenance.json")
        files = [
            (f"<code>{html.escape(name)}</code>", _commit(one), _short(one["settings"]), _data(one["data"]))
            for name, one in made["files"].items()
            if name.endswith(".csv")  # a figure is drawn from its own
        ]
        seconds: dict[str, list[float]] = {}
        for one in made["runs"].values():
            seconds.setdefault(_commit(one), []).append(one["seconds"])
        runs = [(commit, len(took), f"{sum(took):.0f}") for commit, took in seconds.items()]
        kept = [
            (html.escape(name).replace(",", ",<wbr>"), "; ".join(map(_kept, one["kept"])))
            for name, one in made["runs"].items()
            if one["kept"]
        ]
        machines = [
            (", ".join(one["stages"]), _facts(one["machine"]), _facts({"Python": one["python"], **one["packages"]}))
            for one in made["environments"]
        ]
        return (
            _table(("table or figure", "commit", "settings", "data"), files)
            + _table(("runs trained at commit", "runs", "seconds"), runs)
            + (_table(("run", "kept in spite of other code"), kept) if kept else "")
            + _table(("stages", "machine", "versions"), machines)
        )


def _commit(made: Mapping[str, Any]) -> str:
    if made["commit"] is None:
        return "no repository"
    return f"{_short(made['commit'])}{' with changes' if made['dirty'] else ''}"


def _short(digest: str) -> str:
    return f"<code>{html.escape(digest[:12])}</code>"


def _data(stores: Mapping[str, str]) -> str:
    return ", ".join(f"{html.escape(name)} {_short(digest)}" for name, digest in stores.items())


def _facts(values: Mapping[str, Any]) -> str:
    return html.escape(", ".join(f"{name}: {value}" for name, value in values.items()))


def _kept(note: Mapping[str, Any]) -> str:
    steps = sum(one["steps"] for one in note["compared"])
    return f"code {_short(note['was'])} for {_short(note['is'])}, {steps} steps compared"


def _accuracy(row: Mapping[Hashable, Any]) -> str:
    measured = NOT_RUN if row["n_seeds"] == 0 else _interval(row, 1)
    paper = "" if row["paper"] != row["paper"] else f"<br><small>paper {number(row['paper'], 2)}</small>"
    return f"{measured}{paper}"


def _measured(row: Mapping[Hashable, Any]) -> str:
    if row["n"] == 0:
        return NOT_RUN
    if str(row["rule"]).startswith("every"):
        return f"{row['smallest']:.3g} to {row['largest']:.3g} ({row['n']} values)"
    return f"{_interval(row, 3)} ({row['n']} seeds)"


def _interval(row: Mapping[Hashable, Any], digits: int) -> str:
    spread = "" if row["ci_low"] != row["ci_low"] else f" [{row['ci_low']:.{digits}f}, {row['ci_high']:.{digits}f}]"
    return f"{row['mean']:.{digits}f}{spread}"


def _verdict(name: str) -> str:
    return f'<span class="verdict {name.replace(" ", "-")}">{name}</span>'


def _table(header: Sequence[str], rows: Sequence[Sequence[object]], kind: str = "plain") -> str:
    """Cells are HTML already; wide tables scroll within themselves on narrow screens."""
    head = "".join(f"<th>{cell}</th>" for cell in header)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f'<div class="scroll"><table class="{kind}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )
