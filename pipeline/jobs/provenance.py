"""Versions, hardware and the state of the source tree, for records."""

import importlib.metadata
import os
import platform
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

EVIDENCE = "reports/evidence"  # committed results, which no stage reads or writes
PACKAGES = ("torch", "torchvision", "numpy", "scipy", "scikit-learn", "pandas", "snakemake", "dvc")


def environment(start: float) -> dict[str, Any]:
    """Return what made a result, and the seconds since `start` on the monotonic clock."""
    return {
        **git_state(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "machine": {
            "architecture": platform.machine(),
            "processor": processor(),
            "cores": os.cpu_count(),
            "accelerator": _accelerator(),
        },
        "seconds": round(time.monotonic() - start, 3),
    }


@cache
def processor() -> str:
    """Model of the CPU, as Linux names it; elsewhere what the platform says."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines() if cpuinfo.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


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
    """Commit and whether tracked files but evidence differ from it; both null outside a repository."""

    def git(*arguments: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", *arguments], cwd=Path(__file__).parent, capture_output=True, text=True, check=False
            )
        except FileNotFoundError:
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    changes = git("status", "--porcelain", "--untracked-files=no", "--", ":/", f":(top,exclude){EVIDENCE}")
    return {"commit": git("rev-parse", "HEAD"), "dirty": None if changes is None else bool(changes)}
