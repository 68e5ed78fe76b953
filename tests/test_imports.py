"""Imports go one way, as pyproject.toml says."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_no_import_goes_upward_or_in_a_circle():
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_no_file_name_occurs_twice():
    files = [path for package in ("pipeline", "twin_alignment") for path in (ROOT / package).rglob("*.py")]
    names = sorted(path.name for path in files if path.name != "__init__.py")
    assert names == sorted(set(names))
