"""Base of all settings, and one-sentence errors for wrong ones, before any work starts."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from twin_alignment.errors import InputError


class SettingsError(InputError):
    """A setting is wrong; the message is one sentence for the person who wrote it."""


class Settings(BaseModel):
    """Base of every settings type: frozen, hashable, no unknown keys; docstrings are part of the JSON schema."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


Key = tuple[str, ...]  # names of the enclosing blocks and of a setting

FORM = "form:"  # begins the tags of settings with several forms, which are no keys

ANY = "NAME"  # in a key: a name that the user chooses, as below `datasets`


def explain(error: ValidationError, where: str, kind: type[Settings]) -> str:
    """Write one sentence for each wrong setting: key, value, and what was expected.

    Args:
        error: of pydantic.
        where: file or command that has the settings.
        kind: type of the settings, to suggest a known key for an unknown one.
    """
    sentences = []
    for item in error.errors():
        place = [part for part in item["loc"] if not str(part).startswith(FORM)]
        key = ".".join(map(str, place)) or "settings"
        if item["type"] == "extra_forbidden":
            sentences.append(f"{where}: unknown key {key!r}{_suggestion(place, kind)}")
        elif item["type"] == "missing":
            sentences.append(f"{where}: {key} is missing")
        elif item["type"] == "value_error":
            sentences.append(f"{where}: {key}: {item['ctx']['error']}")
        else:
            sentences.append(f"{where}: {key} = {item['input']!r}: {item['msg'][0].lower()}{item['msg'][1:]}")
    return "\n".join(sentences)


def keys_of(kind: type[Settings], above: Key = ()) -> Iterator[Key]:
    """List the keys of a settings type and of all types within it; `above` are the blocks that it is in."""
    for name, field in kind.model_fields.items():
        yield (*above, name)
        yield from _inner(field.annotation, (*above, name))


def _inner(annotation: Any, above: Key) -> Iterator[Key]:
    """List the keys of the settings types in an annotation."""
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        yield from keys_of(annotation, above)
    for part in get_args(annotation):
        yield from _inner(part, (*above, ANY) if get_origin(annotation) is dict else above)


def _suggestion(place: Sequence[int | str], kind: type[Settings]) -> str:
    """Suggest the nearest key: of the same name anywhere, else of a similar name, first in the same block."""
    *block, name = map(str, place)
    keys = sorted(keys_of(kind), key=len, reverse=True)  # of equal names the one in fewest blocks counts
    in_block = {key[-1]: ".".join((*block, key[-1])) for key in keys if _is_block(block, key[:-1])}
    anywhere = {key[-1]: ".".join(key) for key in keys}
    choices = ((anywhere, 1.0), (in_block, 0.6), (anywhere, 0.8))
    nearest = [names[near] for names, cutoff in choices for near in get_close_matches(name, names, 1, cutoff)]
    return f": did you mean {nearest[0]}?" if nearest else ""


def _is_block(place: list[str], key: Key) -> bool:
    """Return True if a place is the block of a key, with names in place of ANY."""
    return len(place) == len(key) and all(part in (name, ANY) for name, part in zip(place, key, strict=True))


SettingsType = TypeVar("SettingsType", bound=Settings)


def parse(kind: type[SettingsType], values: Mapping[str, Any], where: str) -> SettingsType:
    """Check plain values, and return settings of a kind. Raises SettingsError that names `where`."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise SettingsError(explain(error, where, kind)) from None
