"""All layers of one network against all layers of another, from one pass over images that keeps nothing but sums."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd
import torch
from torch import Tensor, nn

from twin_alignment.comparison.arrays import compare_many
from twin_alignment.comparison.result import Comparison
from twin_alignment.errors import InputError
from twin_alignment.measures.rounding import CollapseError
from twin_alignment.measures.similarity import PairSums, bounded_cosine, from_sums
from twin_alignment.measures.streaming import Accumulator
from twin_alignment.models.extraction import Batch, LayerChoice, evaluated, first_batch

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MEASURES = ("cka", "rsa", "cka_debiased")  # columns of the table, next to the chance level
Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class ModelComparison:
    """Measures of every layer of one network with every layer of another.

    Attributes:
        names: of both networks.
        rows: number of images.
        table: a row for each two layers: `layer_a`, `layer_b`, `cka`, `rsa`, `cka_debiased` and `chance`, the exact
            mean of CKA over all orders of one side's rows. NaN: not defined, see `notes`.
        intervals: comparisons with intervals, by (layer_a, layer_b), of the pairs that were asked for.
        notes: layers that cannot be compared, and why.
    """

    names: tuple[str, str]
    rows: int
    table: pd.DataFrame
    intervals: Mapping[tuple[str, str], Comparison] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def matrix(self, measure: str = "cka") -> pd.DataFrame:
        """Return one measure, with a row for each layer of the first network and a column for each of the second."""
        wide = self.table.pivot(index="layer_a", columns="layer_b", values=measure)
        return wide.loc[self.table["layer_a"].unique(), self.table["layer_b"].unique()]

    def plot(self, measure: str = "cka") -> "Figure":
        """Draw a heat map of one measure; `savefig` writes it."""
        from twin_alignment.models.model_heatmap import draw_heatmap  # noqa: PLC0415  (Matplotlib loads slowly)

        return draw_heatmap(self, measure)

    def to_json(self) -> str:
        """Return names, rows, table, intervals and notes as JSON."""
        rows = self.table.astype(object).where(self.table.notna(), None).to_dict("records")
        pairs = [{"layer_a": a, "layer_b": b, **item.to_dict()["pairs"][0]} for (a, b), item in self.intervals.items()]
        content = {"models": self.names, "rows": self.rows, "layers": rows, "intervals": pairs, "notes": self.notes}
        return json.dumps(content, indent=2)

    def __str__(self) -> str:
        from twin_alignment.models.model_comparison_text import models_text  # noqa: PLC0415  (it reads this class)

        return models_text(self)


def compare_models(
    a: nn.Module,
    b: nn.Module,
    loader: Iterable[Batch],
    layers: LayerChoice = "all",
    layers_b: LayerChoice = None,
    pool: str = "mean",
    intervals: Pairs = (),
) -> ModelComparison:
    """Compare every layer of one network with every layer of another, in one pass over the images.

    Only sums are kept, 8 bytes for each two columns of two layers. CKA and RSA are on cosine similarities.

    Args:
        a: network, on the device that computes.
        b: network on the same device.
        loader: batches, tensors [B, C, H, W], or tuples whose first item they are.
        layers: names of modules of `a`, or `all` direct children and blocks of stages. None: `representation`.
        layers_b: those of `b`. None: as `layers`.
        pool: `mean` or `max` over space or tokens, `cls` (the first token) or `flatten`.
        intervals: pairs (layer of `a`, layer of `b`) whose features are kept, for jackknife intervals over rows.

    Returns:
        The comparison: `table` is a pandas DataFrame, `matrix("cka")` all values of a measure, `plot()` a heat map.

    Raises:
        InputError: there is no such layer, or the loader gives no images; a ValueError too.

    Example:
        >>> from torch import nn
        >>> a, b = (nn.Sequential(nn.Flatten(), nn.Linear(27, 8), nn.ReLU(), nn.Linear(8, width)) for width in (4, 6))
        >>> comparison = compare_models(a, b, [torch.rand(20, 3, 3, 3)], layers=["1", "3"])
        >>> comparison.table[["layer_a", "layer_b"]].to_numpy().tolist()
        [['1', '1'], ['1', '3'], ['3', '1'], ['3', '3']]
    """
    with evaluated(a, b):
        images, reader_a = first_batch(a, loader, layers, pool, "a")
        images, reader_b = first_batch(b, images, layers if layers_b is None else layers_b, pool, "b")
        return compare_streams(
            ("a", "b"),
            reader_a.names,
            reader_b.names,
            ((reader_a(batch), reader_b(batch)) for batch in images),
            intervals,
        )


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
        intervals: pairs of layers whose features are kept.

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
    kept: dict[str, list[Tensor]] = {key: [] for a, b in intervals for key in (f"a {a}", f"b {b}")}
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
        for key, parts in kept.items():
            parts.append(rows[key].cpu())
    if count < 2:
        raise InputError(f"{count} images, expected at least 2")
    records = list(_records(sums, layers_a, layers_b, notes))
    compared = {pair: _with_interval(pair, kept) for pair in intervals if not {*_keys(pair)} & {*notes}}
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


def _with_interval(pair: tuple[str, str], kept: Mapping[str, Sequence[Tensor]]) -> Comparison:
    """Comparison of a pair with intervals; raises InputError where there are too few images."""
    try:
        return compare_many({key: torch.cat(list(kept[key])) for key in _keys(pair)})
    except ValueError as error:
        raise InputError(str(error)) from None


def _unusable(rows: Tensor, before: int) -> str:
    """Return why a layer cannot be compared; empty where all rows have a direction."""
    norms = rows.double().norm(dim=1)
    bad = ~(norms.isfinite() & (norms > 0))
    return f"image {before + int(bad.nonzero()[0])} has features that are zero or not finite" if bad.any() else ""
