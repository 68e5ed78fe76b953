"""All layers of one network against all layers of another, from one pass that keeps nothing but sums."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

import pandas as pd
import torch
from torch import Tensor

from twin_alignment.comparison.array_comparison import compare_many
from twin_alignment.comparison.result import Comparison
from twin_alignment.errors import InputError
from twin_alignment.measures.rounding import CollapseError
from twin_alignment.measures.similarity import PairSums, bounded_cosine, from_sums
from twin_alignment.measures.streaming import Accumulator
from twin_alignment.models.model_comparison import ModelComparison

MEASURES = ("cka", "rsa", "cka_debiased")  # columns of the table, next to the chance level
Pairs = Sequence[tuple[str, str]]


def compare_streams(
    names: tuple[str, str],
    layers_a: Sequence[str],
    layers_b: Sequence[str],
    batches: Iterable[tuple[Mapping[str, Tensor], Mapping[str, Tensor]]],
    intervals: Pairs = (),
) -> ModelComparison:
    """Compare layers from batches of features of two networks.

    Args:
        names: of both networks.
        layers_a: layers of the first.
        layers_b: layers of the second.
        batches: features [B, d] by layer, of the first and of the second network.
        intervals: pairs of layers whose features are features_of.

    Returns:
        The comparison.

    Raises:
        InputError: a pair has another layer, or there are fewer than 2 images.
    """
    for pair in intervals:
        for layer, layers in zip(pair, (layers_a, layers_b), strict=True):
            if layer not in layers:
                raise InputError(f"intervals: no layer {layer!r}, expected one of {', '.join(layers)}")
    keys = [(f"a {layer_a}", f"b {layer_b}") for layer_a in layers_a for layer_b in layers_b]
    sums = Accumulator([*dict.fromkeys(a for a, _ in keys), *dict.fromkeys(b for _, b in keys)], keys)
    features_of: dict[str, list[Tensor]] = {key: [] for a, b in intervals for key in (f"a {a}", f"b {b}")}
    notes: dict[str, str] = {}
    count = 0
    for features_a, features_b in batches:
        rows = {f"a {layer}": values for layer, values in features_a.items()}
        rows |= {f"b {layer}": values for layer, values in features_b.items()}
        for key in sums.names:
            if reason := _unusable(rows[key], count):
                notes[key] = reason
                sums.discard(key)
        if sums.names:
            sums.update(rows)
        count += len(next(iter(rows.values())))
        for key, parts in features_of.items():
            parts.append(rows[key].cpu())
    if count < 2:
        raise InputError(f"{count} images, expected at least 2")
    records = list(_records(sums, layers_a, layers_b, notes))
    compared = {pair: _with_interval(pair, features_of) for pair in intervals if not {*_keys(pair)} & {*notes}}
    texts = tuple(f"{names['ab'.index(key[0])]}, {key[2:]}: {reason}" for key, reason in notes.items())
    return ModelComparison(names, count, pd.DataFrame(records), compared, texts)


def memory(columns_a: Iterable[int], columns_b: Iterable[int]) -> int:
    """Return the bytes of the sums for layers of so many columns."""
    a, b = list(columns_a), list(columns_b)
    return 8 * (sum(a) * sum(b) + sum(d * d for d in (*a, *b)))


def _records(
    sums: Accumulator, layers_a: Sequence[str], layers_b: Sequence[str], notes: dict[str, str]
) -> Iterator[dict[str, object]]:
    """Rows of the table; layers without a structure add to the notes."""
    for key in sums.names:
        try:
            sums.pair_sums(key, key)
        except CollapseError:
            notes[key] = "all similarities are equal: it cannot be compared"
    for layer_a in layers_a:
        for layer_b in layers_b:
            keys = _keys((layer_a, layer_b))
            values = dict.fromkeys((*MEASURES, "chance"), math.nan)
            if not {*keys} & {*notes}:
                values = _values(*sums.pair_sums(*keys))
            yield {"layer_a": layer_a, "layer_b": layer_b, **values}


def _values(cross: PairSums, self_a: PairSums, self_b: PairSums) -> dict[str, float]:
    """Measures, and the mean of CKA over all orders of one side's rows (Kazi-Aoual et al. 1995)."""
    try:
        debiased = bounded_cosine(cross, self_a, self_b, "unbiased", "debiased CKA") if cross.n > 3 else math.nan
    except ValueError:  # the unbiased estimate of a side with itself is 0
        debiased = math.nan
    similarity = from_sums(cross, self_a, self_b)
    norm = math.sqrt(self_a.centred) * math.sqrt(self_b.centred)
    chance = cross.n**2 * self_a.spread_a * self_b.spread_a / ((cross.n - 1) * norm)
    return {"cka": similarity.cka, "rsa": similarity.rsa, "cka_debiased": debiased, "chance": chance}


def _keys(pair: tuple[str, str]) -> tuple[str, str]:
    return f"a {pair[0]}", f"b {pair[1]}"


def _with_interval(pair: tuple[str, str], features_of: Mapping[str, Sequence[Tensor]]) -> Comparison:
    """Comparison of a pair with intervals; raises InputError where there are too few images."""
    try:
        return compare_many({key: torch.cat(list(features_of[key])) for key in _keys(pair)})
    except ValueError as error:
        raise InputError(str(error)) from None


def _unusable(rows: Tensor, before: int) -> str:
    """Return why a layer cannot be compared; empty where all rows have a direction."""
    norms = rows.double().norm(dim=1)
    bad = ~(norms.isfinite() & (norms > 0))
    return f"image {before + int(bad.nonzero()[0])} has features that are zero or not finite" if bad.any() else ""
