"""Spectral contrastive loss (HaoChen et al. 2021) and its supervised surrogate, as pure functions of two views.

    spectral             -2 E[ z . z+ ] + E[ (z . z')^2 ]
    spectral_supervised  -2 E[ z . z+ ] + E[ (z . z')^2, 0 where z and z' are of one class ]

z, z+ are the two views of an image. z, z' are views of two images, and the second mean is over the 2B anchors and over
both views of the B - 1 other images, as in CL (`contrastive.py`, which also defines z1, z2 and anchors). The authors'
code compares view 1 with view 2 only, which has the same expectation.

The surrogate leaves out terms, and keeps the weight 1 / (2B - 2) of each other one. So the two gradients differ by the
terms of same-class negatives only, and for unit rows

    spectral_supervised <= spectral <= spectral_supervised + share of same-class negatives.
"""

import torch
from torch import Tensor

from twin_alignment.losses.contrastive import ALL, logits_of, same_group


def spectral(z1: Tensor, z2: Tensor, labels: Tensor | None, temperature: float, anchors: slice = ALL) -> Tensor:
    """Spectral contrastive loss (HaoChen et al. 2021).

    The authors let rows be shorter than sqrt(mu), and divide the loss by mu; here rows are given, and mu is 1.

    Args:
        z1: rows [B, d] of one view; of length 1 in this project.
        z2: rows [B, d] of the other view of the same images.
        labels: not read.
        temperature: not read.
        anchors: images whose two views are anchors.

    Returns:
        Scalar, the mean over the anchors.

    Raises:
        ValueError: there are fewer than 2 images.

    Example:
        >>> z = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
        >>> spectral(z, z, None, temperature=1.0)  # -2 + 1
        tensor(-1.)
    """
    return _spectral(z1, z2, torch.arange(len(z1), device=z1.device), anchors)


def spectral_supervised(z1: Tensor, z2: Tensor, labels: Tensor, temperature: float, anchors: slice = ALL) -> Tensor:
    """Spectral contrastive loss without the negatives of the anchor's class; with distinct labels it is `spectral`.

    For a batch of one class it is -2 E[ z . z+ ].

    Args:
        z1: rows [B, d] of one view; of length 1 in this project.
        z2: rows [B, d] of the other view of the same images.
        labels: class of each image [B].
        temperature: not read.
        anchors: as in `spectral`.

    Returns:
        Scalar, the mean over the anchors.

    Raises:
        ValueError: there are fewer than 2 images.

    Example:
        >>> z = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
        >>> spectral_supervised(z, z, torch.tensor([0, 0]), temperature=1.0)
        tensor(-2.)
    """
    return _spectral(z1, z2, labels, anchors)


def _spectral(z1: Tensor, z2: Tensor, groups: Tensor, anchors: slice) -> Tensor:
    """Loss whose negatives are the rows of other groups, each with the weight 1 / (2B - 2)."""
    if len(z1) < 2:
        raise ValueError(f"expected at least 2 images, got {len(z1)}")
    squares = logits_of(z1, z2, 1.0, anchors).square().masked_fill(same_group(groups, anchors), 0.0)
    push = squares.sum(1).mean() / (2 * len(z1) - 2)
    pull = (z1[anchors] * z2[anchors]).sum(1).mean()
    return push - 2 * pull
