"""Class means, the centres of NCCC and of neural collapse."""

import torch
from torch import Tensor


def class_means(features: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Return [C, d] float64 means of the rows [N, d] of each class; every class must have a row."""
    sums = torch.zeros(classes, features.shape[1], dtype=torch.float64, device=features.device)
    sums.index_add_(0, labels, features.double())
    return sums / labels.bincount(minlength=classes)[:, None]
