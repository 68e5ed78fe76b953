"""Verdicts of claims on evidence by today's rules: its measures stay as they were frozen, its verdicts do not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import pandas as pd

from pipeline.config.base import SettingsError
from pipeline.config.earlier_names import current_table
from pipeline.config.params import read_params
from pipeline.config.run import Run
from pipeline.evidence.manifest import SETTINGS
from pipeline.planning.expansion import plan
from pipeline.reporting.claims import CLAIMS
from pipeline.reporting.measured_tables import IN_ONE_FILE, Read, reader_of_tables, without_collapsed
from pipeline.reporting.tables import NOT_RUN, markdown, measured_text, number
from pipeline.stages.claims import job_of, table_of

MEASURES = "measures"


def current_claims(folder: Path) -> pd.DataFrame:
    """Return the table of claims by today's rules, from the measures and settings of evidence.

    Claims that read a kind of measures that the evidence lacks are not measured.

    Raises:
        SettingsError: the evidence has no measures of single runs.
    """
    if not (folder / MEASURES).is_dir():
        raise SettingsError(f"{folder}: expected measures of single runs in {MEASURES}/, got none")
    job = job_of(plan(read_params(folder / SETTINGS), folder / SETTINGS), "")
    kinds = {kind for claim in CLAIMS.values() for kind in claim.kinds}
    lacking = {kind for kind in kinds if not _file(folder, kind).is_file()}
    return table_of(job.model_copy(update={"lacking": (*job.lacking, *sorted(lacking))}), frozen_reader(folder))


def claims_text(claims: pd.DataFrame) -> str:
    """Return the rows that were measured as a Markdown table: claim, kind, data, effect, adjusted p, verdict."""
    rows = [
        {
            **{name: row[name] for name in ("claim", "kind", "data")},
            "measured": measured_text(row),
            "rule": row["rule"],
            "adjusted p": number(row["p_adjusted"], 4),
            "verdict": row["verdict"],
            "left out": row["left_out"],
        }
        for row in claims[claims["verdict"] != NOT_RUN].to_dict("records")
    ]
    return markdown(pd.DataFrame(rows))


def _file(folder: Path, kind: str) -> Path:
    return folder / f"{kind}.csv" if kind in IN_ONE_FILE else folder / MEASURES / f"{kind}.csv.gz"


def frozen_reader(folder: Path) -> Callable[[Sequence[Run]], Read]:
    """Reader of frozen measures, one file a kind, whose first column is the run, setting or subset."""

    @cache
    def tables(kind: str) -> dict[str, pd.DataFrame]:
        rows = without_collapsed(current_table(pd.read_csv(_file(folder, kind))))
        if kind in IN_ONE_FILE:
            return {"": _with_later_settings(rows)}
        owner = rows.columns[0]
        return {str(name): group.drop(columns=owner) for name, group in rows.groupby(owner)}

    def table(kind: str, owner: str) -> pd.DataFrame:
        of_kind = tables(kind)
        return of_kind[owner] if owner in of_kind else next(iter(of_kind.values())).iloc[:0]

    return reader_of_tables(table)


def _with_later_settings(rows: pd.DataFrame) -> pd.DataFrame:
    """Add fields of runs that the evidence's commit did not have yet, with their defaults."""
    defaults = {name: field.default for name, field in Run.model_fields.items() if name not in rows}
    return rows.assign(**defaults)
