"""Quantities that claims share: differences paired by seed, slopes over a factor, similarities above the floor."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import pandas as pd

from pipeline.config.run import Run
from pipeline.reporting.claim_definition import Claim, Quantity, Read, row_keys, settings_of
from pipeline.reporting.trends import log_slopes

AT_THE_END = "with CL on test images at the last epoch"
INDEPENDENT_CL = "an independent-data CL control (same initialisation, independently drawn batches and augmentations)"
SMALLEST_DIFFERENCE = 0.01  # of CKA or RSA, that would be of interest; fixed before the runs
FLOOR = "cl_perturbed"  # its similarity with CL is what training alone leaves of two equal networks
ABOVE_FLOOR = f"{{measure}} of NSCL minus that of {FLOOR} of the same run"

TWINS_AT_END = "first == 'cl' and split == 'test' and measure == '{similarity}' and epoch == epochs"
NSCL_AT_END = f"second == 'nscl' and {TWINS_AT_END}"


def for_cka_and_rsa(
    name: str,
    statement: str,
    quantity: str,
    measure: Callable[..., Quantity],
    *,
    margin: float | None = SMALLEST_DIFFERENCE,
    paper: str = "",
    **facts: Any,
) -> tuple[Claim, ...]:
    """Two claims, by CKA and by RSA; of a primary claim, that by RSA is tested where that by CKA is decided.

    Args:
        name: of the claim by CKA; that by RSA ends in `_rsa`.
        statement: with `{measure}` in place of the similarity.
        quantity: with `{measure}` in place of the similarity.
        measure: of the similarity, `cka` or `rsa`.
        margin: smallest difference of interest; None for what is no difference of similarities.
        paper: the paper's number, which is a CKA.
        facts: other fields of the claims.
    """
    return tuple(
        Claim(
            claim_name(name, similarity),
            statement.replace("{measure}", similarity.upper()),
            quantity.replace("{measure}", similarity.upper()),
            measure=measure(similarity=similarity),
            margin=margin,
            paper=paper if paper and similarity == "cka" else "no number",
            gate=name if facts.get("kind") == "primary" and similarity == "rsa" else "",
            **facts,
        )
        for similarity in ("cka", "rsa")
    )


def claim_name(name: str, similarity: str) -> str:
    """Name of a claim by CKA or by RSA."""
    return name if similarity == "cka" else f"{name}_{similarity}"


def with_cl(read: Read, similarity: str = "cka") -> pd.DataFrame:
    """Similarity of every twin with CL on test images, in the column `value`."""
    return read("alignment").query("first == 'cl' and split == 'test' and measure == @similarity")


def pairs_at_end(read: Read, similarity: str) -> pd.DataFrame:
    """Similarity of every two twins on test images at the last epoch, named `first second` in the column `pair`."""
    rows = at_end(read("alignment").query("split == 'test' and measure == @similarity"))
    return rows.assign(pair=rows["first"] + " " + rows["second"])


def at_end(rows: pd.DataFrame) -> pd.DataFrame:
    """Select rows of the last epoch of each run."""
    return rows[rows["epoch"] == rows["epochs"]]


def of_nscl(rows: pd.DataFrame) -> pd.DataFrame:
    """Select pairs of CL and NSCL."""
    return rows[rows["second"] == "nscl"]


def above_floor(rows: pd.DataFrame) -> pd.DataFrame:
    """Similarity of NSCL with CL minus that of perturbed CL, at every epoch of the runs that trained both."""
    floors = rows[rows["second"] == FLOOR]
    by_run = floors.set_index(_run_and_epoch(floors))["value"]
    nscl = of_nscl(rows)
    return nscl.assign(value=nscl["value"] - _run_and_epoch(nscl).map(by_run)).dropna(subset="value")


def selected(rows: pd.DataFrame, swept: Sequence[str], select: Callable[[pd.DataFrame], pd.DataFrame]) -> pd.DataFrame:
    """Select comparable runs within every sweep."""
    parts = [select(group) for _, group in settings_of(rows, swept)]
    return pd.concat(parts) if parts else rows


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


def values_of(kind: str, value: str, where: str = "index == index", similarity: str = "cka") -> Quantity:
    """Quantity: the values of an expression in the columns of a kind of measures, on the rows of a query.

    `{similarity}` in the query stands for `cka` or `rsa`.
    """
    return Quantity(_rows(kind, value, where, similarity), lambda rows: rows["value"].dropna().tolist())


def difference_of(
    kind: str,
    minuend: str,
    subtrahend: str,
    *,
    value: str = "value",
    where: str = TWINS_AT_END,
    names: str = "second",
    swept: tuple[str, ...] = (),
    similarity: str = "cka",
) -> Quantity:
    """Quantity: the value at one of `names` minus that at another, paired by seed; arguments as of `values_of`."""
    both = f"{names} in {(minuend, subtrahend)}"
    return Quantity(
        _rows(kind, value, f"{both} and {where}", similarity),
        lambda rows: difference(rows, minuend, subtrahend, names),
        swept,
    )


def twins_difference(minuend: str, subtrahend: str) -> Callable[[str], Quantity]:
    """Quantity of a similarity: that of one twin with CL minus that of another, on test images at the last epoch."""
    return lambda similarity: difference_of("alignment", minuend, subtrahend, similarity=similarity)


def slope_of(rows: Callable[..., pd.DataFrame], factor: str, swept: tuple[str, ...] = ()) -> Quantity:
    """Quantity: slope of the value in the logarithm of a swept factor, by seed."""
    return Quantity(rows, lambda group: log_slopes(group, factor, "value"), swept or (factor,), is_slope=True)


def _rows(kind: str, value: str, where: str, similarity: str) -> Callable[[Read], pd.DataFrame]:
    def rows(read: Read) -> pd.DataFrame:
        selected_rows = read(kind).query(where.format(similarity=similarity))
        return selected_rows.assign(value=cast("pd.Series[float]", selected_rows.eval(value, engine="python")))

    return rows


def _run_and_epoch(rows: pd.DataFrame) -> pd.Series:
    return row_keys(rows, [field for field in (*Run.model_fields, "epoch") if field in rows])
