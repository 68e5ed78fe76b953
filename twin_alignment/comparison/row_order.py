"""One order of rows for several feature sets whose rows may be named."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from torch import Tensor

from twin_alignment.measures.feature_set import FeatureSet
from twin_alignment.measures.row_names import is_default, join


@dataclass(frozen=True)
class OrderedSets:
    """Feature sets whose rows are in the order of the reference, and notes on how they were joined."""

    sets: tuple[FeatureSet, ...]
    reference: FeatureSet
    notes: tuple[str, ...]

    @property
    def rows(self) -> int:
        """Number of rows of every set."""
        return len(self.reference.features)


def in_one_order(sets: Sequence[FeatureSet]) -> OrderedSets:
    """Join rows by their names where both sides have them; otherwise they count by order.

    Raises:
        ValueError: names do not fit, numbers of rows differ, or a set without names could be in any of two orders.
    """
    reference = _reference(sets)
    ordered, notes, reordered, unnamed = list(sets), [], [], []
    for place, item in enumerate(sets):
        if item is reference:
            continue
        order, note = join(reference.row_names, item.row_names, reference.name, item.name)
        notes += [note] if note else []
        if order is not None:
            ordered[place] = replace(item, features=item.features[order], row_names=reference.row_names)
            reordered.append(item.name)
        elif note and (item.row_names is None or is_default(item.row_names)):
            unnamed.append(item.name)
    if reordered and unnamed:
        raise ValueError(
            f"{unnamed[0]} has no names of rows, and {reference.name} and {reordered[0]} are in different orders: "
            "expected names in all of them, or one order"
        )
    for item in sets:
        if len(item.features) != len(reference.features):
            sizes = f"{reference.name} has {len(reference.features)} rows and {item.name} has {len(item.features)}"
            raise ValueError(f"{sizes}: expected features of the same inputs")
    return OrderedSets(tuple(ordered), reference, tuple(notes))


def labels_in_order(labels: FeatureSet, reference: FeatureSet) -> tuple[Tensor, tuple[str, ...]]:
    """Return the class of every row [N] in the order of the reference, and notes on how it was found."""
    order, note = join(reference.row_names, labels.row_names, reference.name, labels.name)
    dropped = f"{labels.name}: {labels.note}" if "left out" in labels.note else ""
    return labels.features if order is None else labels.features[order], tuple(filter(None, (dropped, note)))


def _reference(sets: Sequence[FeatureSet]) -> FeatureSet:
    """Return the set whose order all get: the first with names, a default index only where no others are."""
    named = [item for item in sets if item.row_names is not None] or list(sets)
    chosen = next((item for item in named if not is_default(item.row_names)), named[0])
    return next(item for item in named if _names(item) == _names(chosen))


def _names(item: FeatureSet) -> set[str]:
    return set() if item.row_names is None else set(item.row_names)
