"""Where a result comes from: versions, hardware, the state of the source tree."""

import importlib.metadata
import platform
import subprocess
from pathlib import Path
from typing import Any

import torch


def environment() -> dict[str, Any]:
    """Versions, hardware and the state of the source tree."""
    packages = ("torch", "torchvision", "numpy", "scipy", "scikit-learn", "pandas", "snakemake", "dvc")
    return {
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in packages},
        "hardware": hardware(),
        "git": git_state(),
    }


def hardware() -> dict[str, Any]:
    accelerator = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    return {"machine": platform.machine(), "cores": torch.get_num_threads(), "accelerator": accelerator}


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"  # training needs no workflow tools


def git_state() -> dict[str, Any]:
    """Commit and whether tracked files differ from it; both null outside a repository."""

    def git(*arguments: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", *arguments], cwd=Path(__file__).parent, capture_output=True, text=True, check=False
            )
        except FileNotFoundError:
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    changes = git("status", "--porcelain", "--untracked-files=no")
    return {"commit": git("rev-parse", "HEAD"), "dirty": None if changes is None else bool(changes)}
