"""Parts of the report as HTML: figures, tables and claims, read from finished files. Nothing is computed here."""

import base64
import html
import math
import re
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.config.earlier_names import current_table
from pipeline.config.run import Run
from pipeline.reporting.accuracy_table import collapsed_cells
from pipeline.reporting.agreement_table import NOTHING_COMPARED, SHOWN
from pipeline.reporting.answer import answer, undecided_reason
from pipeline.reporting.figures import DPI, FIGURES, WIDTH
from pipeline.reporting.learned import TRAINING
from pipeline.reporting.possible import cut, possible
from pipeline.reporting.run_facts import collapsed_sentences
from pipeline.reporting.tables import (
    COLLAPSED,
    FAILS,
    HOLDS,
    NOT_LEARNED,
    NOT_RUN,
    NOTHING,
    UNDECIDED,
    data_label,
    number,
    with_numbers,
    without_lost,
)
from pipeline.reporting.twin_names import ANOTHER_SEED
from pipeline.reporting.verdicts import DIFFERS, by_claim
from pipeline.system.files import read_json

CLAIM = "claim"
SIGN = '<small class="sign">The picture goes on: swipe it sideways →</small>'  # on a phone alone
TAG = re.compile("<[^>]+>")
KINDS = {  # (kind, source) -> title
    (CLAIM, "paper"): "claims of the paper",
    (CLAIM, "ours"): "claims of ours",
    ("check", "paper"): "checks of the paper's theorems",
    ("check", "ours"): "checks of ours",
}
ENDS = (HOLDS, FAILS, DIFFERS, UNDECIDED, NOT_LEARNED, NOT_RUN)
PROMISED = {
    "theorem1_published": "Theorem 1 as published",
    "nonexpansive": "sharper form",
    "limit_train": "√2 N, the largest distance",
}
CONTROLS = "controls"  # the figure
COLLAPSE = (
    "A network has collapsed where its features do not tell inputs, or two classes, from each other. It has no "
    "similarity then, and claims are tested on the other seeds:"
)
ELSEWHERE = "Measured on photographs, by other settings than this page's:"
UNANSWERED = "None of this page's own experiments answers that: it takes a trajectory of CL, NSCL and the controls."
COUNTED = "Claims, each counted once; in brackets the rows that they have in the tables below, one for each data."
NOT_SHOWN = "The paper's data that was not run here, with its published values, is in {file}: {data}."
HEADLINE = {  # twins of CL, and what they are
    "nscl": "NSCL, true labels",
    "nscl_shuffled": "NSCL, shuffled labels",
    "cl_independent": "CL on a stream of its own (independent)",
    "cl_perturbed": "CL with one weight moved by 1e-6 (perturbed)",
    ANOTHER_SEED: "CL of another seed (range of pairs)",
}


class Report:
    """Finished tables and figures of one folder, as HTML; `prefix` tells apart the figures of two on one page, and says
    that tables are of evidence, which may have earlier names. `origins` is the file of their provenance."""

    def __init__(self, reports: str, prefix: str = "", origins: str = "") -> None:
        self.folder = Path(reports)
        self.origins = Path(origins or self.folder / "provenance.json")
        self.prefix = prefix
        verdicts = pd.read_csv(self.folder / "claims.csv", keep_default_na=False, na_values="NA")
        self.verdicts = self._named(verdicts)
        self.ran = bool((self.verdicts["verdict"] != NOT_RUN).any())  # any of the claims
        self.placed: set[str] = set()  # figures
        self.tested: set[str] = set()  # evidence of the claims that were shown

    def _named(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return a table by today's names."""
        return current_table(table) if self.prefix else table

    def figure(self, name: str) -> str:
        """The figure and the verdicts that rest on it."""
        return self.picture(name) + self.claims(name)

    def picture(self, name: str) -> str:
        """The figure within the page, and its caption; nothing where the settings do not have its experiments."""
        self.placed.add(name)
        return self._picture(name, FIGURES[name].caption)

    def _picture(self, name: str, caption: str) -> str:
        path = self.folder / "figures" / f"{name}.png"
        if not path.is_file():
            return ""
        data = path.read_bytes()
        share = int.from_bytes(data[16:20]) / (WIDTH * DPI)  # a PNG's width stands there; letters keep their size
        source = f"data:image/png;base64,{base64.b64encode(data).decode()}"
        alt = html.escape(caption, quote=True)
        shown = f'<div class="swipe"><img src="{source}" alt="{alt}" style="width: {share:.0%}"></div>{SIGN}'
        said = f"<figcaption>{html.escape(caption)} <code>figures/{name}.csv</code></figcaption>"
        return f'<figure id="{self.prefix}{name}">{shown}{said}</figure>'

    def comparisons(self, names: Sequence[str]) -> str:
        """Tables and the figure of every experiment of one's own."""
        parts = []
        for name in names:
            folder = f"comparisons/{name}"
            parts += [
                f"<h3>{html.escape(name)}</h3>",
                self.table1(f"{folder}/accuracy.csv"),
                self.table2(f"{folder}/agreement.csv"),
                self._picture(name, f"{name}: {FIGURES['fig2_trajectory'].caption}"),
            ]
        return "".join(parts)

    def other_figures(self) -> str:
        """Those that were not shown yet, under a heading of their own."""
        others = [self.figure(name) for name in FIGURES if name not in self.placed]
        return "".join(["<h2>Further figures</h2>", *others]) if any(others) else ""

    def claims(self, evidence: str) -> str:
        """A row per claim and data that rest on one figure or table; without checks, and without those not run."""
        rows = self.verdicts[(self.verdicts["kind"] == CLAIM) & (self.verdicts["evidence"] == evidence)]
        self.tested.add(evidence)
        return _claims(rows[rows["verdict"] != NOT_RUN])

    def other_claims(self) -> str:
        """Those that rest on what was not shown, under a heading of their own."""
        others = [self.claims(name) for name in dict.fromkeys(self.verdicts["evidence"]) if name not in self.tested]
        return "".join(["<h2>Further claims</h2>", *others]) if any(others) else ""

    def checks(self) -> str:
        """What only a bug, or a wrong proof, could refute."""
        return _claims(self.verdicts[self.verdicts["kind"] != CLAIM])

    def summary(self) -> str:
        """How many claims ended how, the paper's and ours apart from each other and from checks.

        A claim counts once, whatever it was tested on; in brackets how many rows, of one data each, had that verdict.
        """
        if not self.ran:
            return ""
        one_each = by_claim(self.verdicts)
        rows = []
        for (kind, source), title in KINDS.items():
            own = (self.verdicts["kind"] == kind) & (self.verdicts["source"] == source)
            claims = one_each[(one_each["kind"] == kind) & (one_each["source"] == source)]["verdict"]
            tests = self.verdicts.loc[own, "verdict"]
            cells = (_count(int((claims == name).sum()), int((tests == name).sum())) for name in ENDS)
            if own.any():
                rows.append((title, str(len(claims)), *cells))
        return _table(("", "in all", *map(_verdict, ENDS)), rows) + _notes([COUNTED])

    def answer(self) -> str:
        """What came out of the claims that answer the report's title; of another report than the page's, says so."""
        found = answer(self.verdicts)
        return f"<p>{ELSEWHERE}</p>{found}" if found and self.prefix else found

    def unanswered(self) -> str:
        """In the place of an answer, where none of the claims that give one was measured."""
        return f'<p class="answer">{UNANSWERED}</p>'

    def beside(self, photographs: "Report") -> str:
        """The paper's claims with their verdicts on photographs and in this report."""
        paper = self.verdicts.query(f"kind == '{CLAIM}' and source == 'paper'")
        rows = [
            (
                html.escape(own["statement"].iloc[0]),
                html.escape(str(own["paper"].iloc[0])),
                _outcome(photographs.verdicts[photographs.verdicts["claim"] == name]),
                _outcome(own),
            )
            for name, own in paper.groupby("claim", sort=False)
        ]
        columns = 4 if self.ran else 3
        header = ("the paper's claim", "the paper", "on photographs", "here")[:columns]
        return _table(header, [row[:columns] for row in rows], "beside")

    def measured(self) -> str:
        """What the runs here are: data and networks, how long each was trained, and how many there are."""
        of: dict[tuple[str, str], list[Run]] = {}
        for run in map(Run.from_name, read_json(self.origins)["runs"]):
            of.setdefault((data_label(run.dataset, run.classes), f"{run.encoder}, width {run.width}"), []).append(run)
        rows = [
            (html.escape(data), html.escape(network), _range(sorted({run.epochs for run in runs})), len(runs))
            for (data, network), runs in of.items()
        ]
        return _table(("measured here on", "network", "epochs", "runs"), rows) if rows else ""

    def headline(self) -> str:
        """Whether what labels do differs from what chance does: NSCL beside the controls of CL, from `controls.csv`."""
        path = self.folder / "figures" / f"{CONTROLS}.csv"
        if not path.is_file():
            return ""
        table = self._named(pd.read_csv(path))
        held = possible(table)
        rows = []
        for data, group in held.groupby(["dataset", "classes"], sort=False, dropna=False):
            for second, what in HEADLINE.items():
                own = group[(group["second"] == second) & group["less"].isna()]
                if len(own):
                    rows.append((data_label(*data), f"CL and {what}", *_controls(own)))
            for less in dict.fromkeys(group["less"].dropna()):
                own = group[group["less"] == less]
                rows.append((data_label(*data), f"NSCL less {HEADLINE[less]}", *_controls(own)))
        header = ("data", "last epoch, test images", "CKA", "weight angle (degrees)", "representation angle (degrees)")
        return _table(header, rows) + _notes(cut(table, held)) if rows else ""

    def table1(self, file: str = "table1.csv") -> str:
        """In the paper's layout, turned: a row per data and probe, a column per objective, published values below; then
        how much training each objective had. Of what was run: the paper's other data stand in the file."""
        if not (self.folder / file).is_file():
            return ""
        table = self._named(pd.read_csv(self.folder / file))
        objectives = list(dict.fromkeys(table.loc[table["status"] != NOT_RUN, "objective"].dropna()))
        collapsed = collapsed_cells(table)
        missing = table.loc[table["status"] == NOT_RUN, ["dataset", "classes"]].drop_duplicates().to_numpy()
        table, said = without_lost(table)
        table = with_numbers(table)
        if table.empty:
            return _notes(said)
        held = possible(table, "accuracy")
        rows = []
        for (dataset, classes, probe), group in held.groupby(["dataset", "classes", "probe"], sort=False, dropna=False):
            cells = {row["objective"]: _accuracy(row) for row in group.to_dict("records")}
            name = data_label(dataset, classes)
            nothing = {o: COLLAPSED if (name, o) in collapsed else NOTHING for o in objectives}
            rows.append((name, str(probe).upper(), *(cells.get(o, nothing[o]) for o in objectives)))
        moved = []
        for data, group in table.groupby(["dataset", "classes"], sort=False, dropna=False):
            of = group.drop_duplicates("objective").set_index("objective")
            for name, label in TRAINING.items():
                values = (float(of[name].get(objective, math.nan)) for objective in objectives)
                moved.append((data_label(*data), label, *(number(value, 3) for value in values)))
        names = [html.escape(name.replace("_", " ").upper()) for name in objectives]
        unrun = ", ".join(data_label(*data) for data in missing)
        left_out = [NOT_SHOWN.format(file=file, data=unrun)] if unrun else []
        notes = _notes([*cut(table, held), *said, *left_out])
        return _table(("data", "probe", *names), rows) + notes + _table(("data", "training", *names), moved)

    def table2(self, file: str = "table2.csv") -> str:
        """Similarity with CL on test images; all pairs and splits are in the file."""
        if not (self.folder / file).is_file():
            return ""
        table = self._named(pd.read_csv(self.folder / file))
        table, said = without_lost(table[table["first"] == "cl"])
        table = with_numbers(table[table["split"] == "test"])
        shown = possible(table)
        rows = []
        for (dataset, classes, second), group in shown.groupby(
            ["dataset", "classes", "second"], sort=False, dropna=False
        ):
            cells = {str(row["measure"]): _similarity(row) for row in group.to_dict("records")}
            name = str(second).replace("_", " ").upper()
            rows.append((data_label(dataset, classes), name, *(cells.get(measure, NOTHING) for measure in SHOWN)))
        if not rows and not said:
            return f'<p class="missing">{NOTHING_COMPARED} Other pairs: <code>{html.escape(file)}</code></p>'
        return (_table(("data", "CL and", *SHOWN.values()), rows) if rows else "") + _notes([*cut(table, shown), *said])

    def promised(self) -> str:
        """What the theorems say at the paper's settings: powers of ten, beside the largest distance there can be."""
        table = pd.read_csv(self.folder / "promised.csv").query("schedule == 'text'")
        rows = [
            (
                f"{data_label(row['dataset'], row['classes'])}, temperature {row['temperature']:g}",
                *(f"10<sup>{number(float(row[f'{name}_log10']), 1)}</sup>" for name in PROMISED),
                number(float(row["cka_published"]), 2),
                number(float(row["cka_collapsed"]), 2),
            )
            for row in table.to_dict("records")
        ]
        return _table(("setting", *PROMISED.values(), "CKA by Theorem 1", "CKA by the sharper form"), rows)

    def diverged(self, runs: Mapping[str, str]) -> str:
        """Runs, with the reason, that are in no table, figure or claim."""
        items = [f"{name}: {why}" for name, why in runs.items()]
        said = "<p>Training of these runs diverged: they are in no table, figure or claim.</p>" if items else ""
        return said + _list(items)

    def collapsed(self) -> str:
        """Networks of all figures that have collapsed, by setting, seed and epoch."""
        tables = map(pd.read_csv, sorted((self.folder / "facts").glob("*.csv")))
        items = dict.fromkeys(sentence for table in tables for sentence in collapsed_sentences(table))
        return f"<p>{COLLAPSE}</p>{_list(list(items))}" if items else ""

    def not_run(self) -> str:
        """The paper's datasets that no run covers, and claims without data."""
        if not self.ran or not (self.folder / "table1.csv").is_file():
            return ""
        table = pd.read_csv(self.folder / "table1.csv")
        missing = sorted(set(table.loc[table["status"] == NOT_RUN, "dataset"]))
        claims = self.verdicts.loc[self.verdicts["verdict"] == NOT_RUN, "statement"].drop_duplicates()
        items = [f"Table 1 on {name}" for name in missing] + list(claims)
        return _list(items)

    def provenance(self, notes: Sequence[str] = ()) -> str:
        """Of each table and figure its commit, settings and data; what the runs cost; versions and machines; notes on
        what differs between runs. `provenance.json` has each run."""
        made = read_json(self.origins)
        files = [
            (f"<code>{html.escape(name)}</code>", _commit(one), _short(one["settings"]), _data(one["data"]))
            for name, one in made["files"].items()
            if name.endswith(".csv")  # a figure is drawn from its own
        ]
        seconds: dict[str, list[float]] = {}
        for one in made["runs"].values():
            seconds.setdefault(_commit(one), []).append(one["seconds"])
        runs = [(commit, len(took), f"{sum(took):.0f}") for commit, took in seconds.items()]
        machines = [
            (", ".join(one["stages"]), _facts(one["machine"]), _facts({"Python": one["python"], **one["packages"]}))
            for one in made["environments"]
        ]
        return (
            _table(("table or figure", "commit", "settings", "data"), files)
            + _table(("runs trained at commit", "runs", "seconds"), runs)
            + _table(("stages", "machine", "versions"), machines)
            + _notes(notes)
        )


def _list(items: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{html.escape(item)}</li>" for item in items) + "</ul>" if items else ""


def _notes(sentences: Sequence[str]) -> str:
    """Under a table."""
    return "".join(f"<p><small>{html.escape(sentence)}</small></p>" for sentence in sentences)


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


def _claims(rows: pd.DataFrame) -> str:
    if (rows["verdict"] == NOT_RUN).all():
        return ""
    shown = [
        (
            _verdict(row["verdict"]),
            f"{html.escape(row['statement'])} <br>"
            f"<small>{html.escape(row['quantity'])} <code>{row['claim']}</code></small>",
            html.escape(str(row["data"])),
            _measured(row),
            f"{html.escape(row['rule'])}{_p(row['p_holm'])}",
            html.escape(str(row["control"])).replace("_", "_<wbr>"),  # of another claim's name
            html.escape(str(row["paper"])),
        )
        for row in rows.to_dict("records")
    ]
    header = ("verdict", "claim, and what is measured", "data", "measured", "holds if", "control", "paper")
    return _table(header, shown, "claims")


def _outcome(rows: pd.DataFrame) -> str:
    """Verdict and value on each data; a claim that the other settings do not know was not run."""
    if rows.empty:
        return _verdict(NOT_RUN)
    several = len(rows) > 1
    return "<br>".join(
        f"{_verdict(row['verdict'])} {_measured(row) if row['n'] else ''}{_reason(row)}"
        f"{'<br><small>' + html.escape(str(row['data'])) + '</small>' if several else ''}"
        for row in rows.to_dict("records")
    )


def _p(value: float) -> str:
    """Adjusted for all claims that were tested."""
    if math.isnan(value):
        return ""
    text = "p &lt; 0.001" if value < 0.001 else f"p = {value:.3f}"
    return f" <br><small>{text} (Holm)</small>"


def _reason(row: Mapping[Hashable, Any]) -> str:
    """Why a claim is undecided, beside an interval that may lie on one side."""
    return f"<br><small>{html.escape(undecided_reason(row))}</small>" if row["verdict"] == UNDECIDED else ""


def _range(values: Sequence[int]) -> str:
    """Of ascending numbers."""
    return f"{values[0]}" if len(values) == 1 else f"{values[0]} to {values[-1]}"


def _count(claims: int, rows: int) -> str:
    return f"{claims} ({rows})" if claims or rows else NOTHING


def _controls(rows: pd.DataFrame) -> tuple[str, str, str]:
    """CKA and both angles with their intervals."""
    of = {row["measure"]: row for row in rows.to_dict("records")}
    digits = {"cka": 3, "weight_angle": 1, "representation_angle": 1}
    cka, weights, representations = (_interval(of[name], d) if name in of else NOTHING for name, d in digits.items())
    return cka, weights, representations


def _similarity(row: Mapping[Hashable, Any]) -> str:
    if math.isnan(row["paper"]):
        return _interval(row, 3)
    return f"{_interval(row, 3)}<br><small>paper {number(row['paper'], 3)} at epoch {row['paper_epoch']:g}</small>"


def _accuracy(row: Mapping[Hashable, Any]) -> str:
    paper = "" if row["paper"] != row["paper"] else f"<br><small>paper {number(row['paper'], 2)}</small>"
    return f"{_interval(row, 1)}{paper}"


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
    """Cells are HTML already, and know their column's name: on a phone a row is a card."""
    head = "".join(f"<th>{cell}</th>" for cell in header)
    named = [
        "".join(f'<td data-label="{TAG.sub("", name)}">{cell}</td>' for name, cell in zip(header, row, strict=True))
        for row in rows
    ]
    body = "".join(f"<tr>{cells}</tr>" for cells in named)
    return (
        f'<div class="scroll"><table class="{kind}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )
