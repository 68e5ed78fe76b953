"""What code a result depends on: the sources of its stage's module and of all that module imports."""

import ast
import hashlib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent

# Modules whose effect on a result is a value, and values are compared as such: settings, names, paths, progress bars.
_BY_VALUE = {
    f"pipeline.{name}"
    for name in (
        "params",
        "data.catalog",
        "runs",
        "jobs",
        "layout",
        "files",
        "progress",
        "provenance",
        "code",
        "records",
        "reporting.registry",
    )
}


def _file(module: str) -> Path | None:
    base = ROOT.parent.joinpath(*module.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


@cache
def _imports(module: str) -> frozenset[str]:
    """Modules of this project that a module imports, read from its source."""
    path = _file(module)
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())) if path else ():
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.update({node.module, *(f"{node.module}.{alias.name}" for alias in node.names)})
    return frozenset(name for name in names if name.startswith("pipeline") and _file(name))


def stage_modules(stage: str) -> list[str]:
    """All modules of this project that a stage's result depends on by their code, sorted."""
    found: set[str] = set()
    waiting = [f"pipeline.stages.{stage}"]
    while waiting:
        module = waiting.pop()
        if module not in found and module not in _BY_VALUE:
            found.add(module)
            waiting += _imports(module)
    return sorted(found)


def code_hash(stage: str) -> str:
    """SHA-256 over the sources of `stage_modules`; an edit of the loss changes training's hash and no plot's."""
    digest = hashlib.sha256()
    for module in stage_modules(stage):
        path = _file(module)
        assert path is not None  # stage_modules holds modules with a file
        digest.update(f"{module}\n".encode() + path.read_bytes())
    return digest.hexdigest()
