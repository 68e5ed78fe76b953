"""What all settings have in common, and how a wrong one is refused: in a sentence, before any work starts."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from twin_alignment.errors import InputError


class SettingsError(InputError):
    """A setting is wrong; the message is one sentence for the person who wrote it."""


class Settings(BaseModel):
    """Base of every settings type: frozen, hashable, unknown keys refused; documentation reaches the JSON schema."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


Key = tuple[str, ...]  # names of a setting and of the blocks that it is in

ANY = "NAME"  # in a key: a name of the user's own, as below `datasets`


def explain(error: ValidationError, where: str, kind: type[Settings]) -> str:
    """One sentence per wrong setting: key, value, what is allowed."""
    sentences = []
    for item in error.errors():
        key = ".".join(str(part) for part in item["loc"]) or "settings"
        if item["type"] == "extra_forbidden":
            sentences.append(f"{where}: unknown key {key!r}{_suggestion(item['loc'], kind)}")
        elif item["type"] == "missing":
            sentences.append(f"{where}: {key} is missing")
        elif item["type"] == "value_error":
            sentences.append(f"{where}: {key}: {item['ctx']['error']}")
        else:
            sentences.append(f"{where}: {key} = {item['input']!r}: {item['msg'][0].lower()}{item['msg'][1:]}")
    return "\n".join(sentences)


def keys_of(kind: type[Settings], above: Key = ()) -> Iterator[Key]:
    """Keys of a settings type and of all types within it."""
    for name, field in kind.model_fields.items():
        yield (*above, name)
        yield from _inner(field.annotation, (*above, name))


def _inner(annotation: Any, above: Key) -> Iterator[Key]:
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        yield from keys_of(annotation, above)
    for part in get_args(annotation):
        yield from _inner(part, (*above, ANY) if get_origin(annotation) is dict else above)


def _suggestion(place: tuple[int | str, ...], kind: type[Settings]) -> str:
    """The known key nearest to an unknown one: of that name anywhere, else of a similar name, first in its block."""
    *block, name = map(str, place)
    known = sorted(keys_of(kind), key=len, reverse=True)  # of equal names the one in fewest blocks counts
    own = {key[-1]: ".".join((*block, key[-1])) for key in known if _is_block(block, key[:-1])}
    elsewhere = {key[-1]: ".".join(key) for key in known}
    choices = ((elsewhere, 1.0), (own, 0.6), (elsewhere, 0.8))
    found = [names[near] for names, share in choices for near in get_close_matches(name, names, 1, share)]
    return f": did you mean {found[0]}?" if found else ""


def _is_block(place: list[str], key: Key) -> bool:
    return len(place) == len(key) and all(part in (name, ANY) for name, part in zip(place, key, strict=True))


SettingsType = TypeVar("SettingsType", bound=Settings)


def parse(kind: type[SettingsType], values: Mapping[str, Any], where: str) -> SettingsType:
    """Settings of a kind from plain values; raises SettingsError that names `where`."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise SettingsError(explain(error, where, kind)) from None
