"""The measures that `align` knows: those of the tables, which are cheap, and further ones that have to be asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.alignment.chunks import Track
from pipeline.alignment.dissimilarities import rsa_correlation, rsa_euclidean, rsa_spearman
from pipeline.alignment.geometry import mutual_knn, procrustes
from pipeline.alignment.intervals import Estimate, Pair
from pipeline.alignment.measures import MEASURES
from pipeline.settings.base import SettingsError

NEIGHBOURS = 10


@dataclass(frozen=True)
class Asked:
    """A measure by its name on the command line."""

    label: str
    cost: str  # operations, for N rows of d dimensions
    function: Callable[[Pair, Track], Estimate]


def _of_tables(name: str) -> Asked:
    return Asked(MEASURES[name].long_label, "N d²", lambda pair, _: MEASURES[name](pair))


def _procrustes(pair: Pair, track: Track) -> Estimate:
    return Estimate(procrustes(pair.first.features, pair.second.features))


def _mutual_knn(pair: Pair, track: Track) -> Estimate:
    """Its chance level is that of neighbours drawn at random."""
    a, b = pair.first.features, pair.second.features
    neighbours = min(NEIGHBOURS, len(a) - 1)
    return Estimate(mutual_knn(a, b, neighbours, track), null=neighbours / (len(a) - 1))


CHEAP = tuple(name for name, measure in MEASURES.items() if measure.table)
ASKED: dict[str, Asked] = {
    **{name: _of_tables(name) for name in CHEAP},
    "rsa_correlation": Asked("RSA (Pearson), correlation distances", "N d²", lambda pair, _: rsa_correlation(pair)),
    "procrustes": Asked("Procrustes similarity, raw features", "N d² + d³", _procrustes),
    "rsa_euclidean": Asked("RSA (Pearson), Euclidean distances", "N² d", rsa_euclidean),
    "rsa_spearman": Asked("RSA (Spearman), cosine distances", "N² (d + log N), 40 bytes a pair", rsa_spearman),
    "mutual_knn": Asked(f"shared {NEIGHBOURS} nearest neighbours, cosine", "N² d", _mutual_knn),
}


def chosen(text: str | None) -> Sequence[str]:
    """Names of a comma-separated list, or of `all`, in the order of the tables; raises SettingsError for others."""
    if text is None:
        return CHEAP
    names = list(ASKED) if text == "all" else [name.strip() for name in text.split(",")]
    unknown = [name for name in names if name not in ASKED]
    if unknown:
        raise SettingsError(f"measure {unknown[0]!r}: allowed is all, or some of {', '.join(ASKED)}")
    return [name for name in ASKED if name in names]
