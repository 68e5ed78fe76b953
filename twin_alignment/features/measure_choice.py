"""Measures that `align` is asked for."""

from collections.abc import Sequence

from twin_alignment.errors import InputError
from twin_alignment.measures.registry import ALL_MEASURES, TABLE_MEASURES


def chosen(text: str | None) -> Sequence[str]:
    """Names of measures, in the order of the tables.

    Args:
        text: a comma-separated list, which is added to those of tables after a `+`; `all`; None for those of tables.

    Raises:
        InputError: there is no such measure.
    """
    if text is None:
        return TABLE_MEASURES
    names = list(ALL_MEASURES) if text == "all" else [name.strip(" +") for name in text.split(",")]
    names += TABLE_MEASURES if text.startswith("+") else ()
    unknown = [name for name in names if name not in ALL_MEASURES]
    if unknown:
        raise InputError(f"measure {unknown[0]!r}: expected all, or some of {', '.join(ALL_MEASURES)}")
    return [name for name in ALL_MEASURES if name in names]
