"""The manifest of evidence: what made it, and the bytes that it has.

Evidence is a publication, pinned to its commit: it is checked by its bytes, never by today's code or settings.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.config.base import SettingsError
from pipeline.config.earlier_names import MANIFEST, current_text
from pipeline.system.files import read_json, sha256, write_json

FOLDER = Path("reports/evidence")
SETTINGS = "settings.yaml"
NETWORKS = "networks.safetensors"
MEASURED_NETWORKS = "networks.csv"  # how alike these are on test images
PROSE = {MANIFEST, "README.md"}  # without a digest: tests compare its numbers with the tables


@dataclass(frozen=True)
class RunOrigin:
    """Origin of one run behind the evidence."""

    commit: str
    dirty: bool  # whether tracked files differed from the commit when it was trained
    seconds: float
    shown: dict[str, str]  # digest of the batches and views that every twin saw; a key of the file
    checkpoints: dict[str, str]  # file -> SHA-256


@dataclass(frozen=True)
class Manifest:
    """Origin of the evidence, and digests of its files."""

    commit: str  # its code and locks accept all of the evidence
    command: str  # makes it
    replay: list[list[str]]  # commands that train the first {steps} steps of {run} again at this commit
    locks: dict[str, str]  # file -> SHA-256
    environments: list[dict[str, Any]]  # versions, processors and the stages that they made
    hours: dict[str, float]  # of a process, by stage
    images: dict[str, dict[str, str]]  # dataset -> file -> SHA-256
    runs: dict[str, RunOrigin]
    networks: dict[str, RunOrigin]  # of the runs whose last networks are kept: what trained these
    files: dict[str, str]  # of this folder -> SHA-256


def evidence_folder(name: str) -> Path:
    """Return a folder of evidence by its name or path. Raises SettingsError that lists all folders."""
    folder = Path(name) if (Path(name) / MANIFEST).is_file() else FOLDER / name
    if not (folder / MANIFEST).is_file():
        names = sorted(path.parent.name for path in FOLDER.glob(f"*/{MANIFEST}"))
        raise SettingsError(f"{name}: expected one of {', '.join(names) or 'none'}, or a folder with a {MANIFEST}")
    return folder


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a folder, by today's names; raises SettingsError for a file that is none."""
    try:
        values = read_json(folder / MANIFEST)
        runs, networks = (
            {current_text(name): _origin(run) for name, run in values.pop(part).items()}
            for part in ("runs", "networks")
        )
        return Manifest(**values, runs=runs, networks=networks)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise SettingsError(f"{folder / MANIFEST}: not a whole manifest ({error})") from None


def _origin(values: dict[str, Any]) -> RunOrigin:
    named = {part: _by_current_names(values[part]) for part in ("shown", "checkpoints")}
    return RunOrigin(**{**values, **named})


def _by_current_names(values: dict[str, str]) -> dict[str, str]:
    return {current_text(name): value for name, value in values.items()}


def published_run(folder: Path, run: str) -> str:
    """Return the name that a run has at the evidence's own commit."""
    return next((name for name in read_json(folder / MANIFEST)["runs"] if current_text(name) == run), run)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    write_json(folder / MANIFEST, asdict(manifest))


def file_digests(folder: Path) -> dict[str, str]:
    """Return {path below the folder: SHA-256} of all files that a manifest lists."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in PROSE)
    return {path.relative_to(folder).as_posix(): sha256(path) for path in files}


def check(folder: Path) -> int:
    """Compare the bytes of evidence with its manifest and return the number of files.

    Raises:
        SettingsError: names every file that was altered, is missing, or does not belong to it.
    """
    expected, actual = read_manifest(folder).files, file_digests(folder)
    wrong = [f"{name} is missing" for name in sorted(expected.keys() - actual.keys())]
    wrong += [f"{name} is not of the manifest" for name in sorted(actual.keys() - expected.keys())]
    wrong += [
        f"{name} was altered" for name in sorted(expected.keys() & actual.keys()) if expected[name] != actual[name]
    ]
    if wrong:
        raise SettingsError(f"{folder}: not as it was frozen:\n" + "\n".join(wrong))
    return len(expected)
