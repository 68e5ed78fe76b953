"""SCL and CE as pure functions of two views, labels and temperature (see contrastive.py for z1, z2 and anchors)."""

import torch
import torch.nn.functional as F
from torch import Tensor

from twin_alignment.losses.contrastive import ALL, logits_of, same_group


def supervised_contrastive(z1: Tensor, z2: Tensor, labels: Tensor, temperature: float, anchors: slice = ALL) -> Tensor:
    """SCL: mean over all other rows of the anchor's class of -log( e^{sim/tau} / sum over all rows but the anchor ).

    The "out" form of Khosla et al. 2020, eq. 2.

    Args:
        z1: unit rows [B, d] of one view.
        z2: unit rows [B, d] of the other view of the same images.
        labels: class of each image [B].
        temperature: tau, above 0.
        anchors: images whose two views are anchors.

    Returns:
        Scalar, the mean over the anchors.

    Example:
        >>> z = torch.eye(2)
        >>> round(float(supervised_contrastive(z, z, torch.tensor([0, 1]), temperature=1.0)), 4)  # log(e + 2) - 1
        0.5514
    """
    logits = logits_of(z1, z2, temperature, anchors)
    every = torch.arange(2 * len(z1), device=logits.device).view(2, -1)
    same_row = every[:, anchors].reshape(-1, 1) == every.view(1, -1)
    log_partition = logits.masked_fill(same_row, -torch.inf).logsumexp(1)
    positives = same_group(labels, anchors) & ~same_row
    mean_positive = (logits * positives).sum(1) / positives.sum(1)
    return (log_partition - mean_positive).mean()


def cross_entropy(z1: Tensor, z2: Tensor, labels: Tensor, temperature: float, anchors: slice = ALL) -> Tensor:
    """CE on the class logits of both views.

    Args:
        z1: class logits [B, C] of one view.
        z2: class logits [B, C] of the other view of the same images.
        labels: class of each image [B].
        temperature: not read.
        anchors: images whose two views count.

    Returns:
        Scalar, the mean over the anchors.

    Example:
        >>> logits = torch.zeros(2, 4)
        >>> round(float(cross_entropy(logits, logits, torch.tensor([0, 3]), temperature=1.0)), 4)  # log 4
        1.3863
    """
    return F.cross_entropy(torch.cat([z1[anchors], z2[anchors]]), labels[anchors].repeat(2))
