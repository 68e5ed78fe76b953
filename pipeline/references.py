"""Functions named in settings: `pipeline.module:name` of the project, `FILE.py:name` of one's own beside it."""

import ast
import importlib
import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.settings.base import SettingsError

PROJECT = Path(__file__).parents[1]


def source_of(module: str) -> Path | None:
    """File of a module of this project, or of a `FILE.py`; none where there is none."""
    if module.endswith(".py"):
        return Path(module) if Path(module).is_file() else None
    base = PROJECT.joinpath(*module.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


def load(reference: str) -> Any:
    """What a reference names; its file runs once for every call."""
    module, _, name = reference.rpartition(":")
    if not module.endswith(".py"):
        return getattr(importlib.import_module(module), name)
    spec = importlib.util.spec_from_file_location(Path(module).stem, module)
    assert spec is not None  # a path that ends in .py has a loader
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return getattr(loaded, name)


def check(reference: str, where: str) -> None:
    """That a file has such a function, without running it; raises SettingsError that names `where`."""
    module, _, name = reference.rpartition(":")
    path = source_of(module)
    if path is None:
        raise SettingsError(f"{where}: {reference!r}: there is no file {module}, allowed is FILE.py:FUNCTION")
    try:
        body = ast.parse(path.read_text(encoding="utf-8")).body
    except (SyntaxError, ValueError) as error:
        raise SettingsError(f"{where}: {module} is not Python: {error}") from None
    functions = [node.name for node in body if isinstance(node, ast.FunctionDef)]
    if name not in functions:
        raise SettingsError(f"{where}: {module} has no function {name!r}, it has: {', '.join(functions) or 'none'}")


def names_in(folder: str) -> list[str]:
    """Names of the modules of a folder of this project, such as `pipeline/encoders`, sorted."""
    return sorted(path.stem for path in (PROJECT / folder).glob("*.py") if path.stem != "__init__")


@cache
def literals(path: Path) -> dict[str, Any]:
    """Constants in capitals at the top of a module, read without running it: a figure says what it reads so that the
    workflow knows it without loading a plotting library. Values that are not literals are left out."""
    found = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper():
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return found
