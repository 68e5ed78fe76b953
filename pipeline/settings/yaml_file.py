"""A settings file's plain values. YAML's own reader keeps the last of two equal keys and says nothing, so that a block
pasted below another of its name would take its place unseen."""

import json
from pathlib import Path
from typing import Any

import yaml

from pipeline.settings.base import SettingsError


def read_values(path: Path) -> Any:
    """Of a YAML or JSON file; raises SettingsError that names the file, and in YAML the line."""
    if not path.is_file():
        raise SettingsError(f"{path}: no such file")
    text = path.read_text(encoding="utf-8")
    try:
        return json.loads(text) if path.suffix == ".json" else yaml.load(text, _Loader)
    except _DuplicateKeyError as error:
        raise SettingsError(f"{path}, {error}") from None
    except yaml.MarkedYAMLError as error:
        if error.problem_mark and "'\\t'" in (error.problem or ""):
            line = error.problem_mark.line + 1
            raise SettingsError(f"{path}, line {line}: a tab; allowed in YAML are spaces") from None
        raise SettingsError(f"{path}: not YAML: {error}") from None
    except (yaml.YAMLError, json.JSONDecodeError) as error:
        raise SettingsError(f"{path}: not {path.suffix[1:].upper()}: {error}") from None


class _DuplicateKeyError(ValueError):
    """Says the line, and what stands there twice."""


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice in one mapping; what `<<` brings in may still be set otherwise."""

    def compose_mapping_node(self, anchor: dict[Any, yaml.Node]) -> yaml.MappingNode:
        node: yaml.MappingNode = super().compose_mapping_node(anchor)  # before `<<` has brought anything in
        lines: dict[str, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            line = key.start_mark.line + 1
            if key.value in lines:
                raise _DuplicateKeyError(
                    f"line {line}: {key.value!r} stands twice in one block, first in line {lines[key.value]}; "
                    "allowed is once"
                )
            lines[key.value] = line
        return node
