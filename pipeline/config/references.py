"""Functions named in settings: `pipeline.module:name` of the project, or `FILE.py:name` of the user."""

import ast
import importlib
import os
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.config.base import SettingsError
from twin_alignment.python_file import run_file

PROJECT = Path(__file__).parents[2]


def let_jobs_import(folder: Path) -> None:
    """Let child processes import the modules of a folder, wherever they run."""
    paths = (str(folder), os.environ.get("PYTHONPATH", ""))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))


def project_file(path: str) -> Path:
    """Path of a file of the checkout, as seen from the working directory."""
    return Path(path) if Path.cwd() == PROJECT else PROJECT / path


def source_of(module: str) -> Path | None:
    """Find the file of a module of this project, or a `FILE.py`; None: there is no such file."""
    if module.endswith(".py"):
        return Path(module) if Path(module).is_file() else None
    base = PROJECT.joinpath(*module.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


def is_own(reference: str) -> bool:
    """Return True for a reference to a file of the user."""
    return reference.rpartition(":")[0].endswith(".py")


def load(reference: str) -> Any:
    """Import the object that a reference names; a user's file is run at every call."""
    module, _, name = reference.rpartition(":")
    return getattr(run_file(module) if is_own(reference) else importlib.import_module(module), name)


def check(reference: str, where: str) -> None:
    """Check that a file has a function, without running it.

    Args:
        reference: `module:function` or `FILE.py:function`.
        where: setting that has the reference.

    Raises:
        SettingsError: there is no such file or function.
    """
    module, _, name = reference.rpartition(":")
    path = source_of(module)
    if path is None:
        raise SettingsError(f"{where}: {reference!r}: there is no file {module}, expected FILE.py:FUNCTION")
    try:
        body = ast.parse(path.read_text(encoding="utf-8")).body
    except (SyntaxError, ValueError) as error:
        raise SettingsError(f"{where}: {module} is not Python: {error}") from None
    functions = [node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assigned = [target for node in body if isinstance(node, ast.Assign) for target in node.targets]
    imported = [alias for node in body if isinstance(node, ast.ImportFrom) for alias in node.names]
    names = {ast.unparse(node).rpartition(" ")[2] for node in (*assigned, *imported)}  # may be functions too
    if name not in {*functions, *names}:
        raise SettingsError(f"{where}: {module} has no function {name!r}, it has: {', '.join(functions) or 'none'}")


def names_in(folder: str) -> list[str]:
    """List the modules of a folder of this project, such as `pipeline/models/encoders`, sorted by name."""
    return sorted(path.stem for path in (PROJECT / folder).glob("*.py") if path.stem != "__init__")


@cache
def literals(path: Path) -> dict[str, Any]:
    """Read the constants in capitals of a module without running it; values that are not literals are left out.

    So the workflow knows the inputs of a figure without loading a plotting library.
    """
    constants = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper():
            try:
                constants[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return constants
