"""Test of a collapsed representation, which does not distinguish inputs, or two classes."""

from torch import Tensor

from twin_alignment.measures.class_means import class_means
from twin_alignment.measures.neural_collapse import coincide
from twin_alignment.measures.representation import EQUAL
from twin_alignment.measures.rounding import is_constant


def is_collapsed(features: Tensor, labels: Tensor | None = None) -> bool:
    """Return True where similarities, or distances between classes, are not defined.

    Args:
        features: [N, d], finite.
        labels: [N], the class of each row; None: only rows are compared.

    Returns:
        True where a row is zero, all rows point the same way, or two classes have the same mean, up to rounding: where
        measures of similarity or of class variance raise CollapseError or ValueError.
    """
    rows = features.double()
    lengths = rows.norm(dim=1, keepdim=True)
    if not bool((lengths > 0).all()):
        return True
    directions = rows / lengths
    spread = float((directions - directions.mean(0)).square().sum(1).mean())
    low, high = directions.aminmax(dim=0)
    if spread <= EQUAL or bool(is_constant(low, high, features.dtype).all()):
        return True
    if labels is None:
        return False
    classes, index = labels.unique(return_inverse=True)
    return coincide(rows, class_means(rows, index, len(classes)))
