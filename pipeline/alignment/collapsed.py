"""The test of a collapsed representation: nothing in it tells inputs, or two classes, from each other."""

import torch
from torch import Tensor

from pipeline.class_means import class_means

UNITS = 8  # of the type's rounding by which equal rows may differ, as the sums of two batches have another order


def is_collapsed(features: Tensor, labels: Tensor | None = None) -> bool:
    """Whether similarities, or distances between classes, are not defined.

    Args:
        features: [N, d], finite.
        labels: [N], the class of each row; without them rows alone are compared.

    Returns:
        True where all rows point the same way, up to rounding of their type, a row is zero and points nowhere, or two
        classes have the same mean.
    """
    rows = features.double()
    lengths = rows.norm(dim=1, keepdim=True)
    if not bool((lengths > 0).all()):
        return True
    directions = rows / lengths
    rounding = torch.finfo(features.dtype if features.is_floating_point() else torch.float64).eps
    if bool((directions - directions[0]).norm(dim=1).max() <= UNITS * rounding):
        return True
    if labels is None:
        return False
    classes, index = labels.unique(return_inverse=True)
    return len(class_means(features, index, len(classes)).unique(dim=0)) < len(classes)
