"""Functions of a user's Python file."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def run_file(file: str) -> ModuleType:
    """Run a user's file as a module, again at every call.

    The file may import files next to it, torchvision, and libraries that need it (timm).

    Args:
        file: path that ends in .py.

    Raises:
        Exception: whatever the file raises.
    """
    if importlib.util.find_spec("torchvision"):
        import twin_alignment.torchvision_shim  # noqa: F401, PLC0415  (declares operators; takes seconds)

    folder = str(Path(file).resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)
    spec = importlib.util.spec_from_file_location(file, file)  # a name that no import statement has
    assert spec is not None  # a path that ends in .py has a loader
    assert spec.loader is not None
    loaded = sys.modules[file] = importlib.util.module_from_spec(spec)  # where dataclasses look for their module
    spec.loader.exec_module(loaded)
    return loaded
