"""Libraries that only some formats need."""

import importlib
from pathlib import Path
from typing import Any

from twin_alignment.errors import InputError


def optional_module(module: str, extra: str, path: Path) -> Any:
    """Return a module that reads a file.

    Args:
        module: its name.
        extra: extra of this package that installs it.
        path: the file, for the error.

    Raises:
        InputError: the module is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        library = module.partition(".")[0]
        raise InputError(
            f"{path}: {path.suffix.lower()} is read by {library}: pip install 'twin-alignment[{extra}]'"
        ) from None
