"""Parts of the report as HTML, from finished tables and figures. Nothing is computed here."""

import base64
import math
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import DictLoader, Environment
from markupsafe import Markup

from pipeline.config.earlier_names import current_table
from pipeline.config.run import Run
from pipeline.reporting.accuracy_table import EXPLANATION, accuracy_cells, table1_notes, training_cells
from pipeline.reporting.agreement_table import NOTHING_COMPARED, similarity_cells, table2_notes
from pipeline.reporting.figures import FIGURES
from pipeline.reporting.headline_answer import adjustment, undecided_reason
from pipeline.reporting.interval_limits import clip_intervals, clipping_note
from pipeline.reporting.page_size import DPI, WIDTH
from pipeline.reporting.run_facts import collapsed_sentences
from pipeline.reporting.tables import (
    DATA,
    EQUIVALENT,
    FAILS,
    HOLDS,
    NOT_LEARNED,
    NOT_RUN,
    NOTHING,
    UNDECIDED,
    data_label,
    interval,
    measured_text,
    number,
)
from pipeline.reporting.twin_names import ANOTHER_SEED
from pipeline.reporting.verdicts import DIFFERS, by_claim

KINDS = {  # (kind, source) -> title
    ("primary", "paper"): "primary claims of the paper",
    ("primary", "ours"): "our primary claims",
    ("secondary", "paper"): "exploratory claims of the paper",
    ("secondary", "ours"): "our exploratory claims",
    ("check", "paper"): "checks of the paper's theorems",
    ("check", "ours"): "our checks",
}
VERDICTS = (HOLDS, FAILS, EQUIVALENT, DIFFERS, UNDECIDED, NOT_LEARNED, NOT_RUN)
NETWORKS = {  # compared with CL in the headline
    "nscl": "NSCL, true labels",
    "nscl_shuffled": "NSCL, shuffled labels",
    "cl_independent": "independent-data CL",
    "cl_perturbed": "CL with one weight moved by 1e-6 (perturbed)",
    ANOTHER_SEED: "CL of another seed (range of pairs)",
}
MEASURES = {"cka": ("CKA", 3), "weight_angle": ("weight angle (degrees)", 1)}
MEASURES |= {"representation_angle": ("representation angle (degrees)", 1)}
BOUNDS = {
    "theorem1_published": "Theorem 1 as published",
    "nonexpansive": "sharper form",
    "limit_train": "√2 N, the largest distance",
}
_TEMPLATES = Environment(
    autoescape=True,
    trim_blocks=True,
    loader=DictLoader(
        {
            # a cell has its column's name: on a phone a row is a card
            "table": '<div class="scroll"><table class="{{ kind }}">'
            "<thead><tr>{% for name in head %}<th>{{ name }}</th>{% endfor %}</tr></thead><tbody>"
            "{% for row in rows %}<tr>{% for name, cell in row %}"
            '<td data-label="{{ name | striptags }}">{{ cell }}</td>{% endfor %}</tr>{% endfor %}'
            "</tbody></table></div>",
            # the sign shows on a phone alone
            "figure": '<figure id="{{ name }}"><div class="swipe"><img src="data:image/png;base64,{{ data }}" '
            'alt="{{ caption }}" style="width: {{ width }}"></div>'
            '<small class="sign">Swipe the figure sideways →</small>'
            "<figcaption>{{ caption }} <code>figures/{{ file }}.csv</code></figcaption></figure>",
            "list": "{% if items %}<ul>{% for item in items %}<li>{{ item }}</li>{% endfor %}</ul>{% endif %}",
            "notes": "{% for note in notes %}<p><small>{{ note }}</small></p>{% endfor %}",
            "verdict": '<span class="verdict {{ name | replace(" ", "-") }}">{{ name }}</span>',
            "claim": "{{ statement }} <br><small>{% if kind == 'secondary' %}Exploratory. {% endif %}{{ quantity }} "
            "<code>{{ claim }}</code></small>",
            "measured": "{{ text }}{% if left_out %}<br><small>left out, as nothing was learned: {{ left_out }}</small>"
            "{% endif %}",
            "outcome": "{{ badge }} {{ value }}{% if reason %}<br><small>{{ reason }}</small>{% endif %}"
            "{% if data %}<br><small>{{ data }}</small>{% endif %}",
            "rule": "{{ rule }}{% if p %} <br><small>{{ p }}</small>{% endif %}",
            "power": "10<sup>{{ exponent }}</sup>",
            "digest": "<code>{{ digest[:12] }}</code>",
        }
    ),
)


def read_table(folder: str | Path, file: str) -> pd.DataFrame | None:
    """Read a table of a folder of reports, with today's names; None: it was not made."""
    path = Path(folder) / file
    return current_table(pd.read_csv(path)) if path.is_file() else None


def read_claims(folder: str | Path) -> pd.DataFrame:
    """Read the table of claims of a folder of reports, in which `none` is text."""
    return current_table(pd.read_csv(Path(folder) / "claims.csv", keep_default_na=False, na_values="NA"))


def html(template: str, **values: Any) -> Markup:
    """Fill a template; values are escaped unless they are Markup."""
    return Markup(_TEMPLATES.get_template(template).render(**values))


def html_table(rows: Sequence[Mapping[Any, Any]], kind: str = "plain") -> Markup:
    """Return a table whose head is the keys of its rows, or nothing for no rows."""
    return html("table", head=list(rows[0]), rows=[row.items() for row in rows], kind=kind) if rows else Markup()


def notes_of(sentences: Sequence[str]) -> Markup:
    """Return small paragraphs under a table."""
    return html("notes", notes=sentences)


def bullets(items: Sequence[str]) -> Markup:
    """Return a list, or nothing for no items."""
    return html("list", items=items)


def picture(folder: str | Path, name: str, caption: str = "", prefix: str = "") -> Markup:
    """Return a figure within the page, or nothing where the settings do not have its experiments.

    Args:
        folder: of the reports.
        name: of the figure.
        caption: None: the figure's own.
        prefix: of the element's id, for a second folder's figure on one page.
    """
    path = Path(folder) / "figures" / f"{name}.png"
    if not path.is_file():
        return Markup()
    data = path.read_bytes()
    width = int.from_bytes(data[16:20]) / (WIDTH * DPI)  # from the PNG's header; letters keep their size
    encoded = base64.b64encode(data).decode()
    caption = caption or FIGURES[name].caption
    return html("figure", name=f"{prefix}{name}", file=name, data=encoded, caption=caption, width=f"{width:.0%}")


def claims_html_table(claims: pd.DataFrame) -> Markup:
    """Return a row for each claim and data that was run."""
    rows = [
        {
            "verdict": html("verdict", name=row["verdict"]),
            "claim, and what is measured": html("claim", **{str(name): value for name, value in row.items()}),
            "data": row["data"],
            "measured": html("measured", text=measured_text(row), left_out=row["left_out"]),
            "holds if": html("rule", rule=row["rule"], p=_p(row)),
            "control": Markup(str(Markup.escape(row["control"])).replace("_", "_<wbr>")),  # names of other claims
            "paper": row["paper"],
        }
        for row in claims[claims["verdict"] != NOT_RUN].to_dict("records")
    ]
    return html_table(rows, "claims")


def verdict_counts(claims: pd.DataFrame) -> Markup:
    """Return counts of verdicts: of claims, each counted once, and in brackets of rows, one for each data."""
    if (claims["verdict"] == NOT_RUN).all():
        return Markup()
    once = by_claim(claims)
    rows: list[Mapping[Any, Any]] = []
    badges = [html("verdict", name=name) for name in VERDICTS]
    for (kind, source), title in KINDS.items():
        of_claims, of_rows = (
            table.loc[(table["kind"] == kind) & (table["source"] == source), "verdict"] for table in (once, claims)
        )
        counts = [((of_claims == name).sum(), (of_rows == name).sum()) for name in VERDICTS]
        if len(of_rows):
            texts: list[str] = [f"{a} ({b})" if a or b else NOTHING for a, b in counts]
            rows.append({"": title, "in all": len(of_claims), **dict(zip(badges, texts, strict=True))})
    return html_table(rows)


def verdicts_compared(here: pd.DataFrame, elsewhere: pd.DataFrame) -> Markup:
    """Return the paper's claims with their verdicts on other data and here."""
    columns = {"on photographs": elsewhere, "here": here}
    if (here["verdict"] == NOT_RUN).all():
        del columns["here"]
    paper = here.query("kind != 'check' and source == 'paper'").drop_duplicates("claim")
    return html_table(
        [
            {
                "the paper's claim": claim["statement"],
                "the paper": claim["paper"],
                **{title: _outcomes(table[table["claim"] == claim["claim"]]) for title, table in columns.items()},
            }
            for claim in paper.to_dict("records")
        ],
        "beside",
    )


def accuracy_tables(table: pd.DataFrame, file: str = "table1.csv") -> Markup:
    """Return what was run of Table 1: accuracies, notes, and how much training each objective had."""
    unrun = table["status"] == NOT_RUN
    measured, missing = (
        table[~unrun],
        [data_label(*data) for data in table.loc[unrun, DATA].drop_duplicates().to_numpy()],
    )
    cells = accuracy_cells(measured)
    notes = [EXPLANATION, *table1_notes(measured)]
    if missing:
        notes.append(
            f"The paper's data that was not run, with its published values, is in {file}: {', '.join(missing)}."
        )
    return _cells(cells) + notes_of(notes) + _cells(training_cells(measured))


def similarity_table(table: pd.DataFrame, file: str = "table2.csv") -> Markup:
    """Return what was run of Table 2: similarity with CL on test images; the file has all pairs and splits."""
    measured = table[table["status"] != NOT_RUN]
    cells, notes = similarity_cells(measured[measured["split"] != "train"]), table2_notes(measured)
    if NOTHING_COMPARED in notes:
        notes.append(f"Other pairs: {file}")
    return _cells(cells.drop(columns="split")) + notes_of(notes)


def controls_table(controls: pd.DataFrame) -> Markup:
    """Return similarities with CL of NSCL and its controls, from the table of the figure `controls`."""
    clipped = clip_intervals(controls)
    rows = []
    for data, group in clipped.groupby(DATA, sort=False, dropna=False):
        pairs = {
            f"CL and {what}": group[(group["second"] == name) & group["less"].isna()] for name, what in NETWORKS.items()
        }
        pairs |= {
            f"NSCL − {NETWORKS.get(name, name)}": group[group["less"] == name]
            for name in group["less"].dropna().unique()
        }
        for title, pair in pairs.items():
            values = {row["measure"]: row for row in pair.to_dict("records")}
            if values:
                cells = {
                    label: interval(values[m], d) if m in values else NOTHING for m, (label, d) in MEASURES.items()
                }
                rows.append({"data": data_label(*data), "last epoch, test images": title, **cells})
    return html_table(rows) + notes_of(clipping_note(controls, clipped))


def runs_table(runs: Sequence[Run]) -> Markup:
    """Return data and networks of runs, how long they were trained, and how many there are."""
    epochs: dict[tuple[str, str], list[int]] = {}
    for run in runs:
        key = data_label(run.dataset, run.classes), f"{run.encoder}, width {run.width}"
        epochs.setdefault(key, []).append(run.epochs)
    return html_table(
        [
            {
                "measured here on": data,
                "network": network,
                "epochs": str(min(e)) if min(e) == max(e) else f"{min(e)} to {max(e)}",
                "runs": len(e),
            }
            for (data, network), e in epochs.items()
        ]
    )


def guarantees_table(promised: pd.DataFrame) -> Markup:
    """Return bounds at the paper's settings as powers of ten, next to the largest possible distance."""
    rows = [
        {
            "setting": f"{data_label(row['dataset'], row['classes'])}, temperature {row['temperature']:g}",
            **{title: html("power", exponent=number(row[f"{name}_log10"], 1)) for name, title in BOUNDS.items()},
            "CKA by Theorem 1": number(row["cka_published"], 2),
            "CKA by the sharper form": number(row["cka_collapsed"], 2),
        }
        for row in promised.query("schedule == 'text'").to_dict("records")
    ]
    return html_table(rows)


def collapsed_networks_of(folder: str | Path) -> list[str]:
    """Sentences on networks of all figures that have collapsed, by setting, seed and epoch."""
    tables = map(pd.read_csv, sorted((Path(folder) / "facts").glob("*.csv")))
    return list(dict.fromkeys(sentence for table in tables for sentence in collapsed_sentences(table)))


def provenance_tables(made: Mapping[str, Any]) -> Markup:
    """Return commit, settings and data of each table, cost of the runs, versions and machines."""
    files = [
        {
            "table or figure": Markup("<code>{}</code>").format(name),
            "commit": _commit(file),
            "settings": html("digest", digest=file["settings"]),
            "data": Markup(", ").join(
                Markup("{} {}").format(d, html("digest", digest=x)) for d, x in file["data"].items()
            ),
        }
        for name, file in made["files"].items()
        if name.endswith(".csv")  # a figure is drawn from one
    ]
    seconds: dict[Markup, list[float]] = {}
    for run in made["runs"].values():
        seconds.setdefault(_commit(run), []).append(run["seconds"])
    runs = [
        {"runs trained at commit": commit, "runs": len(times), "seconds": f"{sum(times):.0f}"}
        for commit, times in seconds.items()
    ]
    machines = [
        {
            "stages": ", ".join(place["stages"]),
            "machine": _facts(place["machine"]),
            "versions": _facts({"Python": place["python"], **place["packages"]}),
        }
        for place in made["environments"]
    ]
    return Markup("").join(html_table(rows) for rows in (files, runs, machines))


def _cells(table: pd.DataFrame) -> Markup:
    return html_table(table.to_dict("records"))


def _outcomes(rows: pd.DataFrame) -> Markup:
    """Verdict and value on each data; a claim without rows was not run."""
    if rows.empty:
        return html("verdict", name=NOT_RUN)
    return Markup("<br>").join(
        html(
            "outcome",
            badge=html("verdict", name=row["verdict"]),
            value=measured_text(row) if row["n"] else "",
            reason=undecided_reason(row) if row["verdict"] == UNDECIDED else "",
            data=row["data"] if len(rows) > 1 else "",
        )
        for row in rows.to_dict("records")
    )


def _p(row: Mapping[Hashable, Any]) -> str:
    """Text of an adjusted p value, with the method of its family."""
    value = row["p_adjusted"]
    if math.isnan(value):
        return ""
    text = "p < 0.001" if value < 0.001 else f"p = {value:.3f}"
    return f"{text} ({adjustment(row)})"


def _commit(made: Mapping[str, Any]) -> Markup:
    if made["commit"] is None:
        return Markup("no repository")
    return html("digest", digest=made["commit"]) + (" with changes" if made["dirty"] else "")


def _facts(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in values.items())
