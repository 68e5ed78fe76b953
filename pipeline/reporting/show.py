"""Parts of the report as HTML: figures, tables and claims, read from finished files. Nothing is computed here."""

import base64
import html
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.files import read_json
from pipeline.reporting.claims import UNDECIDED
from pipeline.reporting.registry import FIGURES
from pipeline.reporting.tables import NOT_RUN, number


class Report:
    """Finished tables and figures of one folder, as HTML."""

    def __init__(self, reports: str) -> None:
        self.folder = Path(reports)
        self.verdicts = pd.read_csv(self.folder / "claims.csv", keep_default_na=False, na_values="NA")

    def figure(self, name: str) -> str:
        """The figure within the page, its caption and the verdicts that rest on it; says so where it was not run."""
        spec = FIGURES[name]
        path = self.folder / "figures" / f"{name}.png"
        shown = f'<p class="missing">Not run: it needs the experiments {", ".join(spec.experiments)}.</p>'
        if path.is_file():
            data = base64.b64encode(path.read_bytes()).decode()
            text = html.escape(spec.caption, quote=True)
            shown = f'<img src="data:image/png;base64,{data}" alt="{text}">'
        caption = f"<figcaption>{html.escape(spec.caption)} <code>figures/{name}.csv</code></figcaption>"
        return f'<figure id="{name}">{shown}{caption}</figure>{self.claims(name)}'

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
        names = [name for name in ("holds", "fails", UNDECIDED, NOT_RUN) if name in counts]
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
        """Versions, machine, source state, data and training time of table 1's runs."""
        made = read_json(self.folder / "table1.provenance.json")
        git, hardware = made["git"], made["hardware"]
        state = {True: " with changes", False: "", None: ""}[git["dirty"]]
        rows = [
            ("commit", f"{git['commit'] or 'no repository'}{state}"),
            ("settings, SHA-256", made["params_sha256"]),
            ("machine", f"{hardware['machine']}, {hardware['cores']} cores, accelerator: {hardware['accelerator']}"),
            ("Python", made["python"]),
            *((name, version) for name, version in made["packages"].items()),
            *(
                (f"training seconds, {name}", f"{found['seconds']:.0f}")
                for name, found in made["training_seconds"].items()
                if name != "total"
            ),
        ]
        return _table(("", ""), [(html.escape(str(key)), html.escape(str(value))) for key, value in rows])


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
