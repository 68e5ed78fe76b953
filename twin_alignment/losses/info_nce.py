"""InfoNCE (van den Oord et al. 2018) and its supervised surrogate, as pure functions of two views.

InfoNCE is CL with the positive in the denominator, and its surrogate is NSCL with it: `denominator="released_code"` of
`contrastive.py`, which also defines z1, z2 and anchors.

    infonce             -log( e^{sim(anchor, positive)/tau} / (e^{sim(anchor, positive)/tau} + sum over negatives) )
    infonce_supervised  the same without the negatives of the anchor's class
"""

from torch import Tensor

from twin_alignment.losses.contrastive import ALL, contrastive, negatives_only_supervised


def infonce(z1: Tensor, z2: Tensor, labels: Tensor | None, temperature: float, anchors: slice = ALL) -> Tensor:
    """InfoNCE over both views of a batch, which is NT-Xent (Chen et al. 2020, SimCLR, eq. 1).

    Args:
        z1: unit rows [B, d] of one view.
        z2: unit rows [B, d] of the other view of the same images.
        labels: not read.
        temperature: tau, above 0.
        anchors: images whose two views are anchors.

    Returns:
        Scalar, the mean over the anchors.

    Example:
        >>> import torch
        >>> z = torch.eye(2)
        >>> round(float(infonce(z, z, None, temperature=1.0)), 4)  # log(e + 2) - 1
        0.5514
    """
    return contrastive(z1, z2, labels, temperature, denominator="released_code", anchors=anchors)


def infonce_supervised(z1: Tensor, z2: Tensor, labels: Tensor, temperature: float, anchors: slice = ALL) -> Tensor:
    """InfoNCE without the negatives of the anchor's class; with distinct labels it is `infonce`.

    Anchors without negatives contribute log 1 = 0.

    Args:
        z1: unit rows [B, d] of one view.
        z2: unit rows [B, d] of the other view of the same images.
        labels: class of each image [B].
        temperature: tau, above 0.
        anchors: as in `infonce`.

    Returns:
        Scalar, the mean over the anchors.

    Example:
        >>> import torch
        >>> z = torch.eye(3)
        >>> round(float(infonce_supervised(z, z, torch.tensor([0, 0, 1]), temperature=1.0)), 4)
        0.6692
    """
    return negatives_only_supervised(z1, z2, labels, temperature, denominator="released_code", anchors=anchors)
