"""Under which licences the packages of the lock files are, as each says it of itself."""

import importlib.metadata
import re
from collections.abc import Iterator
from pathlib import Path

from pipeline.config.base import SettingsError

LOCKS = ("torch.lock", "requirements.lock")
UNSTATED = "not stated"


def locked(folder: Path) -> Iterator[tuple[str, str]]:
    """(name, version) of every package that the lock files of a folder pin."""
    for name in LOCKS:
        for line in (folder / name).read_text(encoding="utf-8").splitlines():
            if found := re.match(r"([A-Za-z0-9._-]+)==([^\s;\\]+)", line):
                yield found[1], found[2]


def licence_of(package: str) -> str:
    """By its metadata: the SPDX expression, or else the classifiers, or else the first line of free text. Raises
    SettingsError for a package that is not installed."""
    try:
        found = importlib.metadata.metadata(package).json
    except importlib.metadata.PackageNotFoundError:
        raise SettingsError(f"{package} is not installed, and only it says its licence: `make setup` first") from None
    classified = [text.split(" :: ")[-1] for text in found.get("classifier", []) if text.startswith("License ::")]
    free = str(found.get("license", "")).strip().splitlines()
    return str(found.get("license_expression") or " / ".join(classified) or (free[0] if free else UNSTATED))
