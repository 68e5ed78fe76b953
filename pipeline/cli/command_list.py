"""The commands by name, each imported when it is called: `--help` reads their first lines without an import."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import click

from pipeline.jobs.stage_names import STAGE_NAMES

PROJECT = Path(__file__).parents[2]
COMMANDS: Mapping[str, str] = {  # name -> module; the command is a function, or a group, of that name
    **dict.fromkeys(("runs", "verify", "remake", "thin", "start", "cost"), "pipeline.cli.run_commands"),
    **dict.fromkeys(("compare", "power", "predict"), "pipeline.cli.run_commands"),
    "evidence": "pipeline.cli.evidence_commands",
    "features": "pipeline.cli.feature_commands",
    "align": "twin_alignment.cli",
    "extract": "twin_alignment.model_commands",
    "models": "twin_alignment.model_commands",
    "bound": "twin_alignment.cli",
    "schema": "pipeline.cli.feature_commands",
}


class Commands(click.Group):
    """Stages in the order of the chain, then the other commands."""

    def list_commands(self, context: click.Context) -> list[str]:
        return [*STAGE_NAMES, *COMMANDS]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name in STAGE_NAMES:
            return importlib.import_module("pipeline.cli.stage_commands").stage_command(name)  # type: ignore[no-any-return]
        return getattr(importlib.import_module(COMMANDS[name]), name) if name in COMMANDS else None

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary(name)) for name in self.list_commands(context)])


def summary(name: str) -> str:
    """First line of what a command says of itself, from its file: that of a stage's file, or of its function."""
    if name in STAGE_NAMES:
        return _first_line(_parsed(PROJECT / "pipeline" / "stages" / f"{name}.py"))
    file = PROJECT / f"{COMMANDS[name].replace('.', '/')}.py"
    (function,) = (node for node in _parsed(file).body if isinstance(node, ast.FunctionDef) and node.name == name)
    return _first_line(function)


@cache
def _parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def _first_line(node: ast.Module | ast.FunctionDef) -> str:
    return (ast.get_docstring(node) or "").partition("\n")[0]
