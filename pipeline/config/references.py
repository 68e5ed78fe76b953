"""Functions named in settings: `pipeline.module:name` of the project, `FILE.py:name` of one's own beside it."""

import ast
import importlib
import importlib.util
import os
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from pipeline.config.base import SettingsError

PROJECT = Path(__file__).parents[2]


def let_jobs_import(folder: Path) -> None:
    """Let the processes that this one starts import what lies in a folder, wherever they run."""
    paths = (str(folder), os.environ.get("PYTHONPATH", ""))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))


def project_file(path: str) -> Path:
    """A file of the checkout, as seen from where the command is given."""
    return Path(path) if Path.cwd() == PROJECT else PROJECT / path


def source_of(module: str) -> Path | None:
    """File of a module of this project, or of a `FILE.py`; none where there is none."""
    if module.endswith(".py"):
        return Path(module) if Path(module).is_file() else None
    base = PROJECT.joinpath(*module.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


def is_own(reference: str) -> bool:
    """Whether a reference is to a file of the user's own."""
    return reference.rpartition(":")[0].endswith(".py")


def load(reference: str) -> Any:
    """What a reference names; its file runs once for every call."""
    module, _, name = reference.rpartition(":")
    return getattr(_run(module) if is_own(reference) else importlib.import_module(module), name)


def _run(file: str) -> ModuleType:
    """A user's own file as a module. It may import files beside it, torchvision and what needs it, such as timm."""
    import pipeline.models.vision  # noqa: F401, PLC0415  (declares operators; takes seconds, which plans without such files save)

    folder = str(Path(file).resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)
    spec = importlib.util.spec_from_file_location(file, file)  # a name that no import statement has
    assert spec is not None  # a path that ends in .py has a loader
    assert spec.loader is not None
    loaded = sys.modules[file] = importlib.util.module_from_spec(spec)  # where dataclasses look for their module
    spec.loader.exec_module(loaded)
    return loaded


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
    functions = [node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assigned = [target for node in body if isinstance(node, ast.Assign) for target in node.targets]
    imported = [alias for node in body if isinstance(node, ast.ImportFrom) for alias in node.names]
    others = {ast.unparse(node).rpartition(" ")[2] for node in (*assigned, *imported)}  # which may be functions too
    if name not in {*functions, *others}:
        raise SettingsError(f"{where}: {module} has no function {name!r}, it has: {', '.join(functions) or 'none'}")


def names_in(folder: str) -> list[str]:
    """Names of the modules of a folder of this project, such as `pipeline/models/encoders`, sorted."""
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
