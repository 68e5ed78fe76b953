"""Versions, hardware and the state of the source tree, for records."""

import importlib.metadata
import os
import platform
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

MEASURED = "reports/measured"  # results that are kept: while they are made they differ from those of the commit
PACKAGES = ("torch", "torchvision", "numpy", "scipy", "scikit-learn", "pandas", "snakemake", "dvc")


def environment() -> dict[str, Any]:
    return {
        **git_state(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "machine": {"architecture": platform.machine(), "cores": os.cpu_count(), "accelerator": _accelerator()},
    }


def _accelerator() -> str:
    """Asked of torch only where it is loaded, as that takes seconds."""
    torch = sys.modules.get("torch")
    return torch.cuda.get_device_name() if torch is not None and torch.cuda.is_available() else "none"


@cache
def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"  # training needs no workflow tools


@cache
def git_state() -> dict[str, Any]:
    """Commit and whether tracked files differ from it, other than measured results; both null outside a repository."""

    def git(*arguments: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", *arguments], cwd=Path(__file__).parent, capture_output=True, text=True, check=False
            )
        except FileNotFoundError:
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    changes = git("status", "--porcelain", "--untracked-files=no", "--", ":/", f":(top,exclude){MEASURED}")
    return {"commit": git("rev-parse", "HEAD"), "dirty": None if changes is None else bool(changes)}
