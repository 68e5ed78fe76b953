"""Write the pages of docs/reference from what the code declares: `make reference`."""

import importlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.config.objectives import OBJECTIVES
from pipeline.config.params import ClaimRule
from pipeline.config.references import names_in
from pipeline.config.run import Run
from pipeline.config.schema import schema
from pipeline.datasets.catalog import KNOWN
from pipeline.jobs.chain import STAGES
from pipeline.reporting.claims import CLAIMS
from pipeline.reporting.figures import FIGURES
from pipeline.reporting.verdicts import rule_text
from twin_alignment.measures.registry import ALL_MEASURES

ENCODERS = {
    name: importlib.import_module(f"pipeline.models.encoders.{name}") for name in names_in("pipeline/models/encoders")
}
NOTE = "<!-- Written by `make reference`; do not edit. -->\n\n"
LIMITS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


def table(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    lines = [list(head), ["---" for _ in head], *([cell(value) for value in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def cell(value: Any) -> str:
    value = rule_text(value) if isinstance(value, ClaimRule) else value
    value = ", ".join(value.values()) if isinstance(value, Mapping) else value
    value = ", ".join(value) if isinstance(value, tuple) else value
    return " ".join(str(value).split()).replace("|", "\\|")


def section(title: str, entries: Mapping[str, Any], *fields: str) -> str:
    """Return a section with the given fields of every entry."""
    rows = ((f"`{name}`", *(getattr(entry, field) for field in fields)) for name, entry in entries.items())
    return f"## {title}\n\n{table(('name', *(field.strip('_') for field in fields)), rows)}"


def values(part: dict[str, Any]) -> str:
    """Describe what a part of a JSON schema can be."""
    match part:
        case {"enum": names}:
            return ", ".join(f"`{name}`" for name in names)
        case {"anyOf": parts}:
            return " or ".join(map(values, parts))
        case {"prefixItems": parts}:
            return f"[{', '.join(map(values, parts))}]"
        case {"pattern": "^timm:"}:
            return "`timm:NAME`"
        case {"items": inner}:
            return f"list of {values(inner)}"
        case {"additionalProperties": dict(inner)}:
            return f"{values(inner)} by NAME"
    kind = "settings" if "$ref" in part else "`FILE.py:FUNCTION`" if "pattern" in part else part.get("type", "anything")
    return " ".join((kind, ", ".join(f"{sign} {part[limit]:g}" for limit, sign in LIMITS.items() if limit in part)))


def settings(place: str, part: dict[str, Any], definitions: dict[str, Any]) -> Iterator[str]:
    """Yield a section for an object of the schema, and one for each object in it."""
    rows = []
    for name, inner in part["properties"].items():
        default = json.dumps(inner.get("default", {}))
        text = "required" if name in part.get("required", ()) else "" if default.startswith("{") else f"`{default}`"
        rows.append((f"`{name}`", values(inner), text, inner.get("description", "")))
    yield f"## {place}\n\n{part['description']}\n\n{table(('setting', 'values', 'default', 'meaning'), rows)}"
    for name, inner in part["properties"].items():
        for kind in re.findall(r"#/\$defs/(\w+)", json.dumps(inner)):
            inside = f"{place}.{name}{'.NAME' * ('additionalProperties' in inner)}".removeprefix("The whole file.")
            yield from settings(inside, definitions[kind], definitions)


def pages() -> dict[str, str]:
    """Return the text of every page by its name."""
    full, run = schema(), Run.model_json_schema()
    run["properties"] = {name: run["properties"][name] for name in Run.__annotations__}
    entry = settings("An entry of experiments.NAME.grid, next to anything of training", run, {})
    names = (
        "[Adding to the project](../extending.md) says where each is declared. A stage with a folder writes to\n"
        "`results/<folder>/<name>/`, the others below `reports/`; `python -m pipeline STAGE --help` has its options.\n",
        section("Objectives", OBJECTIVES, "labels", "head", "function"),
        section("Encoders", ENCODERS, "__doc__"),
        section("Datasets", KNOWN, "classes", "licence"),
        section("Measures", ALL_MEASURES, "long_label", "cost"),
        section("Figures", FIGURES, "experiments", "caption"),
        section("Claims", CLAIMS, "kind", "source", "statement", "quantity", "rule", "control"),
        section("Stages", STAGES, "help", "subject", "folder", "writes"),
    )
    sections = {"settings": (*settings("The whole file", full, full["$defs"]), *entry), "names": names}
    return {name: "\n".join((f"{NOTE}# {name.title()}\n", *parts)) for name, parts in sections.items()}


if __name__ == "__main__":
    for name, text in pages().items():
        Path(__file__).with_name("reference").joinpath(f"{name}.md").write_text(text, encoding="utf-8")
