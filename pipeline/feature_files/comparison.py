"""Files of features of the same inputs, compared: the alignment measures as a tool of their own."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.alignment.collapse import cdnv, directional_cdnv
from pipeline.alignment.intervals import Estimate, Pair, Prepared
from pipeline.feature_files.measures import ASKED, CHEAP
from pipeline.feature_files.reading import Features, read_features, read_labels
from pipeline.progress import track
from pipeline.settings.base import SettingsError


@dataclass(frozen=True)
class Collapse:
    """Within-class variance over squared distance of class means (CDNV), averaged over pairs of classes; and along the
    line between the means alone."""

    cdnv: float
    directional_cdnv: float


@dataclass(frozen=True)
class Comparison:
    files: tuple[Features, ...]
    pairs: dict[tuple[str, str], dict[str, Estimate]]  # of every two files, by measure
    collapse: dict[str, Collapse]  # of every file; empty without labels

    @property
    def rows(self) -> int:
        return len(self.files[0].values)


def compare_files(
    sources: Sequence[str | Path], labels: str | Path | None = None, measures: Sequence[str] = CHEAP
) -> Comparison:
    """Every two of the files, whose rows are in the same order; raises SettingsError in one sentence."""
    names = [str(source) for source in sources]
    repeated = [name for name in names if names.count(name) > 1]
    if len(names) > 2 and repeated:
        raise SettingsError(f"{repeated[0]}: named twice")
    files = tuple(map(read_features, names))
    first = files[0]
    for other in files[1:]:
        if len(other.values) != len(first.values):
            found = f"{first.source} has {len(first.values)} rows and {other.source} has {len(other.values)}"
            raise SettingsError(f"{found}: the same inputs are compared")
    classes = None if labels is None else read_labels(str(labels), len(first.values))
    try:
        prepared = [Prepared(file.values, file.source) for file in files]
        pairs = {(a.name, b.name): _measured(Pair(a, b), measures) for a, b in itertools.combinations(prepared, 2)}
        collapse = {}
        if classes is not None:
            for file in files:
                collapse[file.source] = Collapse(cdnv(file.values, classes), directional_cdnv(file.values, classes))
    except ValueError as error:
        raise SettingsError(str(error)) from None
    return Comparison(files, pairs, collapse)


def _measured(pair: Pair, measures: Sequence[str]) -> dict[str, Estimate]:
    """One after another, those that take long with their progress."""
    found = {}
    for name in measures:

        def tracked(items: Iterable[int], total: int, name: str = name) -> Iterable[int]:
            return track(items, total, f"{name}, {pair.first.name} and {pair.second.name}")

        found[name] = ASKED[name].function(pair, tracked)
    return found
