"""Names of measures that a comparison is asked for."""

from collections.abc import Sequence

from twin_alignment.errors import InputError
from twin_alignment.measures.registry import ALL_MEASURES, TABLE_MEASURES


def parse_measures(text: str | None) -> Sequence[str]:
    """Return names of measures, in the order of the tables.

    Args:
        text: comma-separated names, which are added to those of tables after a `+`; `all`. None: those of tables.

    Raises:
        InputError: a name is unknown.
    """
    if text is None:
        return TABLE_MEASURES
    names = list(ALL_MEASURES) if text == "all" else [name.strip(" +") for name in text.split(",")]
    names += TABLE_MEASURES if text.startswith("+") else ()
    check_measures(names, "all, or some")
    return [name for name in ALL_MEASURES if name in names]


def check_measures(names: Sequence[str], expected: str = "some") -> None:
    """Raise InputError for a text in place of a list of names, or for an unknown name."""
    if isinstance(names, str):
        raise InputError(f"measures = {names!r}: expected a list of names, as [{names!r}]")
    unknown = [name for name in names if name not in ALL_MEASURES]
    if unknown:
        raise InputError(f"measure {unknown[0]!r}: expected {expected} of {', '.join(ALL_MEASURES)}")
