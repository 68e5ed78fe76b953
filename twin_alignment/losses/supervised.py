"""SCL and CE as pure functions of two views, labels and temperature (see contrastive.py for z1, z2 and anchors).

    SCL   mean over all other rows of the anchor's class of -log( e^{sim/tau} / sum over all rows but the anchor )
    CE    cross-entropy; z1, z2 are class logits [B, C]

SCL is the "out" form of Khosla et al. 2020, eq. 2.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from twin_alignment.losses.contrastive import ALL, logits_of, same_group


def supervised_contrastive(z1: Tensor, z2: Tensor, labels: Tensor, temperature: float, anchors: slice = ALL) -> Tensor:
    """SCL: positives are all other rows of the anchor's class."""
    logits = logits_of(z1, z2, temperature, anchors)
    every = torch.arange(2 * len(z1), device=logits.device).view(2, -1)
    own = every[:, anchors].reshape(-1, 1) == every.view(1, -1)
    log_partition = logits.masked_fill(own, -torch.inf).logsumexp(1)
    positives = same_group(labels, anchors) & ~own
    mean_positive = (logits * positives).sum(1) / positives.sum(1)
    return (log_partition - mean_positive).mean()


def cross_entropy(z1: Tensor, z2: Tensor, labels: Tensor, temperature: float, anchors: slice = ALL) -> Tensor:
    """CE on the logits of both views; no temperature."""
    return F.cross_entropy(torch.cat([z1[anchors], z2[anchors]]), labels[anchors].repeat(2))
