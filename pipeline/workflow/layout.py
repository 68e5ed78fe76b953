"""Where results lie. Each stage owns its folders, so that no two of DVC's outputs nest."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SUMS = "SHA256SUMS"  # in every folder of bulk: its files' digests, as `sha256sum --check` reads them
THINNED = "THINNED"  # in a folder of checkpoints: names of those that were deleted when nothing read them any more
LONGEST = 200  # bytes of a name: systems allow 255, and endings and temporary names are added


@dataclass(frozen=True)
class Layout:
    """Paths under the folders of results and reports. A subject may be Snakemake's wildcard `{subject}`."""

    results: Path
    reports: Path

    def path(self, pattern: str, subject: str) -> Path:
        """Of a stage's output; a pattern that ends in `/` is a folder."""
        return Path(pattern.format(results=self.results, reports=self.reports, subject=folded(subject)))

    def beside(self, kind: str, stage: str, subject: str, suffix: str) -> Path:
        """A stage's records, logs and benchmarks: under their kind, in a folder a stage."""
        return Path(self.results, kind, f"{'/'.join(filter(None, (stage, folded(subject))))}{suffix}")

    def record(self, stage: str, subject: str) -> Path:
        return self.beside("records", stage, subject, ".json")

    def state(self, subject: str, suffix: str) -> Path:
        """Of a run that trains or has trained: what it was begun from (.json), and where it can go on (.pt)."""
        return self.beside("state", "", subject, suffix)

    def outputs(self, writes: Mapping[str, str], subject: str) -> dict[str, Path]:
        return {kind: self.path(pattern, subject) for kind, pattern in writes.items()}


def folded(subject: str) -> str:
    """As a path: a name that is too long for a system goes on in a folder, after a comma."""
    above, slash, name = subject.rpartition("/")
    if len(name.encode()) <= LONGEST:
        return subject
    pieces = [""]
    for setting in re.findall("[^,]*,?", name):
        if pieces[-1] and len((pieces[-1] + setting).encode()) > LONGEST:
            pieces.append("")
        pieces[-1] += setting
    return f"{above}{slash}{'/'.join(pieces)}"


def unfolded(path: str) -> str:
    """The subject of such a path."""
    return path.replace(",/", ",")


def handle(pattern: str) -> str:
    """The pattern of the small file that stands for an output: itself, or a folder's list of digests."""
    return f"{pattern}{SUMS}" if pattern.endswith("/") else pattern
