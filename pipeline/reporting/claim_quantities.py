"""Quantities that claims share: differences paired by seed, slopes over a factor, rows at the end of training."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import pandas as pd

from pipeline.config.run import Run
from pipeline.reporting.claim_definition import Claim, Read, Values, row_keys, values_by_setting
from pipeline.reporting.seed_intervals import Scale
from pipeline.reporting.trends import log_slopes

AT_THE_END = "with CL on test images at the last epoch"
INDEPENDENT_CL = "an independent-data CL control (same initialisation, independently drawn batches and augmentations)"
DIFFERENCE_SCALES: dict[str, Scale] = {"cka": "fisher", "rsa": "fisher_difference"}

TWINS_AT_END = "first == 'cl' and split == 'test' and measure == '{similarity}' and epoch == epochs"
NSCL_AT_END = f"second == 'nscl' and {TWINS_AT_END}"

Quantity = Callable[..., Values]  # of `read` and a similarity, `cka` or `rsa`


def for_cka_and_rsa(
    name: str, statement: str, quantity: str, measure: Quantity, *, bounded: bool = True, paper: str = "", **facts: Any
) -> tuple[Claim, ...]:
    """Two claims, by CKA and by RSA.

    Args:
        name: of the claim by CKA; that by RSA ends in `_rsa`.
        statement: with `{measure}` in place of the similarity.
        quantity: with `{measure}` in place of the similarity.
        measure: called with `read` and the similarity.
        bounded: values are differences of similarities, and averaged on Fisher's scale.
        paper: the paper's number, which is a CKA.
        facts: other fields of the claims.
    """
    return tuple(
        Claim(
            claim_name(name, similarity),
            statement.replace("{measure}", similarity.upper()),
            quantity.replace("{measure}", similarity.upper()),
            measure=_with_similarity(measure, similarity),
            scale=scale if bounded else "plain",
            paper=paper if paper and similarity == "cka" else "no number",
            **facts,
        )
        for similarity, scale in DIFFERENCE_SCALES.items()
    )


def claim_name(name: str, similarity: str) -> str:
    """Name of a claim by CKA or by RSA."""
    return name if similarity == "cka" else f"{name}_{similarity}"


def _with_similarity(measure: Quantity, similarity: str) -> Quantity:
    return lambda read, **options: measure(read, similarity, **options)


def with_cl(read: Read, similarity: str = "cka") -> pd.DataFrame:
    """Similarity of every twin with CL on test images, in the column `value`."""
    return read("alignment").query("first == 'cl' and split == 'test' and measure == @similarity")


def at_end(rows: pd.DataFrame) -> pd.DataFrame:
    """Select rows of the last epoch of each run."""
    return rows[rows["epoch"] == rows["epochs"]]


def of_nscl(rows: pd.DataFrame) -> pd.DataFrame:
    """Select pairs of CL and NSCL."""
    return rows[rows["second"] == "nscl"]


def with_movement(read: Read, rows: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Add CL's movement up to the row's epoch; rows without an epoch are of the end of their run."""
    movement = read("movement").query("objective == 'cl'")
    if "epoch" not in rows:
        rows = rows.assign(epoch=rows["epochs"])
    movement = movement.assign(key=_run_and_epoch(movement)).set_index("key")[list(columns)]
    return rows.assign(key=_run_and_epoch(rows)).join(movement, on="key").drop(columns="key")


def pivot_by_seed(rows: pd.DataFrame, names: str, needed: Sequence[Any], values: str = "value") -> pd.DataFrame:
    """Table with a row a seed and a column for each of the needed `names`; empty if one of them was not run."""
    table = rows.pivot_table(index="seed", columns=names, values=values)
    return table[list(needed)] if set(needed) <= set(table) else pd.DataFrame(columns=list(needed), dtype=float)


def difference(
    rows: pd.DataFrame, minuend: str, subtrahend: str, names: str = "second", values: str = "value"
) -> list[float]:
    """Difference of the values at two of `names`, paired by seed."""
    table = pivot_by_seed(rows, names, (minuend, subtrahend), values)
    return (table[minuend] - table[subtrahend]).tolist()


def values_of(kind: str, value: str, where: str = "index == index", swept: Sequence[str] = ()) -> Quantity:
    """Quantity: the values of an expression in the columns of a kind of measures, on the rows of a query.

    `{similarity}` in the query stands for `cka` or `rsa`.
    """
    return lambda read, similarity="cka": values_by_setting(
        _rows(read, kind, value, where, similarity), lambda rows: rows["value"].dropna().tolist(), swept
    )


def difference_of(
    kind: str,
    minuend: str,
    subtrahend: str,
    *,
    value: str = "value",
    where: str = TWINS_AT_END,
    names: str = "second",
    swept: Sequence[str] = (),
) -> Quantity:
    """Quantity: the value at one of `names` minus that at another, paired by seed; arguments as of `values_of`."""
    return lambda read, similarity="cka": values_by_setting(
        _rows(read, kind, value, where, similarity), lambda rows: difference(rows, minuend, subtrahend, names), swept
    )


def slope_of(kind: str, factor: str, *, value: str = "value", where: str = NSCL_AT_END) -> Quantity:
    """Quantity: slope of the value in the logarithm of a swept factor, by seed; arguments as of `values_of`."""
    return lambda read, similarity="cka": values_by_setting(
        _rows(read, kind, value, where, similarity), lambda rows: log_slopes(rows, factor, "value"), swept=(factor,)
    )


def _rows(read: Read, kind: str, value: str, where: str, similarity: str) -> pd.DataFrame:
    rows = read(kind).query(where.format(similarity=similarity))
    return rows.assign(value=cast("pd.Series[float]", rows.eval(value, engine="python")))


def _run_and_epoch(rows: pd.DataFrame) -> pd.Series:
    return row_keys(rows, [field for field in (*Run.model_fields, "epoch") if field in rows])
