"""Code identity of a result: digests of the syntax trees of all modules that its stage imports.

Docstrings and comments do not count. Modules that write files or show progress decide no number and do not count, nor
do the types of settings, whose values count by themselves, and the planning.
"""

import ast
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

from pipeline.config.references import PROJECT, source_of

PACKAGES = ("pipeline", "twin_alignment")
NOT_COUNTED = (
    "pipeline.system.files",
    "twin_alignment.progress",
    "pipeline.config",
    "pipeline.planning",
    "pipeline.stages.measured_kinds",
)


def code_identity(modules: Iterable[str]) -> dict[str, str]:
    """Return {module: digest} of these modules (or `FILE.py`) and of all of this project's that they import.

    Packages count with their modules. Imports below `if TYPE_CHECKING` never run and do not count.
    """
    return _identity(tuple(modules))


@cache
def _identity(modules: tuple[str, ...]) -> dict[str, str]:
    reached: set[str] = set()
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        path = source_of(module)
        if path is None or module in reached or not_counted(module):
            continue
        reached.add(module)
        package = "" if module.endswith(".py") else module.rpartition(".")[0]
        waiting += [*_imports(path), *([package] if package else [])]
    return {module: file_identity(path) for module in sorted(reached) if (path := source_of(module)) is not None}


def not_counted(module: str) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in NOT_COUNTED)


def code_digest(identity: Mapping[str, str]) -> str:
    """One digest of all."""
    return hashlib.sha256("\n".join(f"{name} {digest}" for name, digest in identity.items()).encode()).hexdigest()


def watched_identity(places: Sequence[str]) -> dict[str, str]:
    """{file: digest} of these files of the project, and of those in these folders, as they are now."""
    paths = [PROJECT / place for place in places]
    files = [file for path in paths for file in (path.rglob("*.py") if path.is_dir() else [path])]
    return {path.relative_to(PROJECT).as_posix(): file_identity(path) for path in sorted(files)}


@cache
def file_identity(path: Path) -> str:
    """Digest of a module's syntax tree, without docstrings, comments and layout."""
    return hashlib.sha256(_canonical(_tree(path)).encode()).hexdigest()


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def _imports(path: Path) -> frozenset[str]:
    names: set[str] = set()
    waiting: list[ast.AST] = [_tree(path)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            waiting += node.orelse
            continue
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.update({node.module, *(f"{node.module}.{alias.name}" for alias in node.names)})
        waiting += ast.iter_child_nodes(node)
    project = {name for name in names if name.split(".")[0] in PACKAGES}
    return frozenset(project | {file for name in names - project for file in _custom_files(name)})


def _custom_files(module: str) -> list[str]:
    """Files of a module that lies where the command is given: of the imports of a custom loss or encoder."""
    path = Path(*module.split("."))
    return [str(file) for file in (path.with_name(f"{path.name}.py"), path / "__init__.py") if file.is_file()]


def _canonical(node: object) -> str:
    """A tree as text that does not depend on Python's version, on layout, comments or docstrings."""
    if isinstance(node, list):
        return f"[{','.join(_canonical(item) for item in node if not _is_text(item))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = ((name, value) for name, value in ast.iter_fields(node) if value not in (None, []) and name != "kind")
    return f"{type(node).__name__}({','.join(f'{name}={_canonical(value)}' for name, value in fields)})"


def _is_text(node: object) -> bool:
    """A statement that is a text alone: a docstring, of an attribute too."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
