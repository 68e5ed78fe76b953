"""CKA and RSA of CL with the other twins at every depth, of class means and of images within classes."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from twin_alignment.measures.class_means import class_means
from twin_alignment.measures.constant_features import is_collapsed
from twin_alignment.measures.feature_set import FeatureSet, Pair

MIN_CLASSES = 3  # whose means are compared: two have a single pair, which cannot correlate
Layers = Mapping[str, Mapping[str, Tensor]]  # split -> layer, in order of depth -> features [N, d]


@dataclass(frozen=True)
class LayerRow:
    """One measure of CL's and another twin's features of one layer, split and epoch; depth counts CL's layers from 0.

    part: `all` rows; `within`, the rows less the means of their classes; `between`, the class means alone. No row has a
    part that has collapsed in one of both.
    """

    epoch: int
    layer: str
    depth: int
    split: str
    first: str
    second: str
    part: str
    measure: str
    value: float


def layer_rows(
    objectives: Sequence[str],
    epochs: Iterable[int],
    layers_of: Callable[[str, int], Layers],
    labels: Mapping[str, Tensor],
) -> Iterator[LayerRow]:
    """Yield CKA and RSA of CL with every other objective, in all layers that both have; none without CL.

    `layers_of(objective, epoch)` is called once each; the layers of two objectives are in memory at a time. A layer is
    compared on the device of the labels, at three products of N d^2 operations per pair and part.
    """
    twins = [name for name in objectives if name != "cl"] if "cl" in objectives else []
    for epoch in epochs if twins else ():
        layers_of_cl = layers_of("cl", epoch)
        for twin in twins:
            layers_of_twin = layers_of(twin, epoch)
            for split, layers in layers_of_cl.items():
                for depth, (layer, features) in enumerate(layers.items()):
                    if layer in layers_of_twin[split]:
                        both, where = (features, layers_of_twin[split][layer]), f"{layer}, epoch {epoch}, {split}"
                        for part, measure, value in _compared(both, ("cl", twin), labels[split], where):
                            yield LayerRow(epoch, layer, depth, split, "cl", twin, part, measure, value)


def _compared(
    both: tuple[Tensor, Tensor], names: tuple[str, str], labels: Tensor, where: str
) -> Iterator[tuple[str, str, float]]:
    """(part, measure, value)"""
    sides = [parts(features.to(labels.device), labels) for features in both]
    for part in sides[0]:
        if any(is_collapsed(side[part]) for side in sides):
            continue
        pair = Pair(
            *(FeatureSet(side[part], f"{name}, {where}, {part}") for side, name in zip(sides, names, strict=True))
        )
        yield part, "cka", pair.similarity.cka
        yield part, "rsa", pair.similarity.rsa


def parts(features: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Return rows [N, d] as they are, relative to the means of their classes, and these means, in float64.

    `within` leaves out classes of a single row; `between` [C, d] needs three classes. Classes are the labels [N] that
    occur.
    """
    names, index = labels.unique(return_inverse=True)
    counts = index.bincount()
    means = class_means(features, index, len(names))
    split = {"all": features}
    several = counts[index] > 1
    if int(several.sum()) > 2:
        split["within"] = (features.double() - means[index])[several]
    if len(names) >= MIN_CLASSES:
        split["between"] = means
    return split
