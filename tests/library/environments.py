"""Environments that have what some requirements bring, and nothing else, by links to what is installed here."""

import subprocess
import tomllib
import venv
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def closure(requirements):
    """Names of installed distributions that these requirements bring, directly or not."""
    found, waiting = {}, [(Requirement(text), "") for text in requirements]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        try:
            own = distribution(requirement.name)
        except PackageNotFoundError:  # torch names CUDA libraries that its CPU build does without
            continue
        done = found.setdefault(own.name, set())
        for wanted in {"", *requirement.extras} - done:
            done.add(wanted)
            waiting += [(Requirement(text), wanted) for text in own.requires or ()]
    return found


def environment(folder, requirements):
    """Path of the Python of a new environment."""
    venv.create(folder / "env", with_pip=False, symlinks=True)
    (site,) = (folder / "env" / "lib").glob("python3*/site-packages")
    for name in closure(requirements):
        for file in distribution(name).files or ():
            top = Path(distribution(name).locate_file(file.parts[0]))
            if file.parts[0] not in ("..", "__pycache__") and not (site / top.name).exists():
                (site / top.name).symlink_to(top)
    return folder / "env" / "bin" / "python"


def run(*command, **options):
    """Standard output of a command that has to succeed."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
