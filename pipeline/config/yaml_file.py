"""A settings file's plain values. YAML's own reader keeps the last of two equal keys and says nothing, so that a block
pasted below another of its name would take its place unseen; it reads `010` as 8 and `1:30` as 90, which a reader of
YAML 1.2, as DVC has, does not; and it follows whatever a file asks for, however deep or often."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from pipeline.config.base import SettingsError

MOST_BYTES = 1_000_000
MOST_VALUES = 100_000  # with every repetition by an alias, of which ten lines can ask for billions
DEEPEST = 50  # blocks within blocks


def read_values(path: Path) -> Any:
    """Of a YAML or JSON file; raises SettingsError that names the file, and in YAML the line."""
    if not path.is_file():
        raise SettingsError(f"{path}: no such file")
    if (size := path.stat().st_size) > MOST_BYTES:
        raise SettingsError(f"{path}: {size:,} bytes: allowed in settings are {MOST_BYTES:,}")
    try:
        text = path.read_text(encoding="utf-8")
        values = json.loads(text) if path.suffix == ".json" else yaml.load(text, _Loader)
        if (count := _count(values, {})) > MOST_VALUES:
            raise SettingsError(f"{path}: {count:,} values, repeated ones counted: allowed are {MOST_VALUES:,}")
        return values
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not UTF-8 text at byte {error.start}") from None
    except RecursionError:
        raise SettingsError(f"{path}: nested too deep: allowed are {DEEPEST} blocks within each other") from None
    except _LineError as error:
        raise SettingsError(f"{path}, {error}") from None
    except yaml.MarkedYAMLError as error:
        if error.problem_mark and "'\\t'" in (error.problem or ""):
            line = error.problem_mark.line + 1
            raise SettingsError(f"{path}, line {line}: a tab; allowed in YAML are spaces") from None
        raise SettingsError(f"{path}: not YAML: {error}") from None
    except (yaml.YAMLError, json.JSONDecodeError) as error:
        raise SettingsError(f"{path}: not {path.suffix[1:].upper()}: {error}") from None
    except SettingsError:
        raise
    except ValueError as error:  # of a number or a date, as Python says it
        raise SettingsError(f"{path}: a value that cannot be read: {error}") from None


def _count(values: Any, known: dict[int, int], depth: int = 0) -> int:
    """How many values there are when every alias is written out, each block counted once. Raises RecursionError."""
    if depth > DEEPEST:
        raise RecursionError
    if not isinstance(values, dict | list):
        return 1
    if id(values) not in known:
        inner = values.values() if isinstance(values, dict) else values
        known[id(values)] = 1 + sum(_count(value, known, depth + 1) for value in inner)
    return known[id(values)]


class _LineError(ValueError):
    """Message that begins with the line."""


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice in one mapping; what `<<` brings in may still be set otherwise. Refuses numbers
    that versions of YAML read in different ways."""

    def compose_mapping_node(self, anchor: dict[Any, yaml.Node]) -> yaml.MappingNode:
        node: yaml.MappingNode = super().compose_mapping_node(anchor)  # before `<<` has brought anything in
        lines: dict[str, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            line = key.start_mark.line + 1
            if key.value in lines:
                raise _LineError(
                    f"line {line}: {key.value!r} stands twice in one block, first in line {lines[key.value]}; "
                    "allowed is once"
                )
            lines[key.value] = line
        return node

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        super().flatten_mapping(node)
        # of equal keys the last counts; kept all, ten blocks that merge ten others each would fill the memory
        node.value = list({_identity(key): (key, value) for key, value in node.value}.values())

    def number(self, node: yaml.ScalarNode) -> int | float:
        """Value of a number; one that is another or none in YAML 1.2, as in base 8 or 60, is refused."""
        whole = node.tag.endswith("int")
        value: int | float = (self.construct_yaml_int if whole else self.construct_yaml_float)(node)
        agreed = r"[-+]?\d+|0x[\da-fA-F]+" if whole else "[^:_]+"
        if re.fullmatch(agreed, node.value) is None or (
            node.value.lstrip("+-").isdecimal() and int(node.value) != value
        ):
            raise _LineError(
                f"line {node.start_mark.line + 1}: {node.value} is {value} in YAML 1.1, but not in YAML 1.2: "
                "expected decimal digits without a leading 0, or quotes around text"
            )
        return value


for _kind in ("int", "float"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_kind}", _Loader.number)


def _identity(key: yaml.Node) -> tuple[Any, ...]:
    return (key.tag, key.value) if isinstance(key, yaml.ScalarNode) else (id(key),)
