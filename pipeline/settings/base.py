"""What all settings have in common, and how a wrong one is refused: in a sentence, before any work starts."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError


class SettingsError(ValueError):
    """A setting is wrong; the message is one sentence for the person who wrote it."""


class Settings(BaseModel):
    """Base of every settings type: frozen, hashable, unknown keys refused; documentation reaches the JSON schema."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


def explain(error: ValidationError, where: str) -> str:
    """One sentence per wrong setting: key, value, what is allowed."""
    sentences = []
    for item in error.errors():
        key = ".".join(str(part) for part in item["loc"]) or "settings"
        if item["type"] == "extra_forbidden":
            sentences.append(f"{where}: unknown key {key!r}")
        elif item["type"] == "missing":
            sentences.append(f"{where}: {key} is missing")
        elif item["type"] == "value_error":
            sentences.append(f"{where}: {key}: {item['ctx']['error']}")
        else:
            sentences.append(f"{where}: {key} = {item['input']!r}: {item['msg'][0].lower()}{item['msg'][1:]}")
    return "\n".join(sentences)


SettingsType = TypeVar("SettingsType", bound=Settings)


def parse(kind: type[SettingsType], values: Mapping[str, Any], where: str) -> SettingsType:
    """Settings of a kind from plain values; raises SettingsError that names `where`."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise SettingsError(explain(error, where)) from None
