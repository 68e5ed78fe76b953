"""CL, NSCL and partial NSCL as pure functions of two views' embeddings, labels and temperature.

z1, z2 are unit rows [B, d]: the projections of two views of the same B images. Anchors are all 2B rows, an anchor's
positive is the other view of its image, sim is the cosine similarity, tau the temperature.

    CL            -log( e^{sim(anchor, positive)/tau} / sum over both views of all other images e^{sim/tau} )
    NSCL          the same with the sum over images of another class only
    partial NSCL  the same as CL with same-class images in the sum by the weight 1 - dropped: 0 is CL, 1 is NSCL

The paper's equations, whose denominators leave out the positive (decoupled, Yeh et al. 2022). Options of all three:

- denominator: `paper`, or `released_code`, which adds the positive.
- view_pairs: `distinct`, or `all`, the sum as printed, whose terms with twice the same view have the constant numerator
  e^{1/tau}: they halve the pull of the positive against the push of the negatives.
- anchors: where several processes share a batch, each computes the terms of some anchors against all rows: a slice of
  the images whose two views they are. The mean is over them.

Anchors without negatives (NSCL on a batch of one class) contribute zero loss and zero gradient; the mean is still over
2B anchors.
"""

import math

import torch
from torch import Tensor

ALL = slice(None)


def contrastive(
    z1: Tensor,
    z2: Tensor,
    labels: Tensor | None,
    temperature: float,
    denominator: str = "paper",
    view_pairs: str = "distinct",
    anchors: slice = ALL,
) -> Tensor:
    """CL: negatives are both views of all other images.

    Args:
        z1: unit rows [B, d] of one view.
        z2: unit rows [B, d] of the other view of the same images.
        labels: not read.
        temperature: tau, above 0.
        denominator: `paper`, or `released_code`, which adds the positive.
        view_pairs: `distinct`, or `all`.
        anchors: images whose two views are anchors.

    Returns:
        Scalar, the mean over the anchors.

    Raises:
        ValueError: an option is unknown.

    Example:
        >>> z = torch.eye(2)
        >>> round(float(contrastive(z, z, None, temperature=1.0)), 4)  # log 2 - 1
        -0.3069
    """
    images = torch.arange(len(z1), device=z1.device)
    return _decoupled(z1, z2, images, temperature, denominator, view_pairs, anchors)


def negatives_only_supervised(
    z1: Tensor,
    z2: Tensor,
    labels: Tensor,
    temperature: float,
    denominator: str = "paper",
    view_pairs: str = "distinct",
    anchors: slice = ALL,
) -> Tensor:
    """NSCL: negatives are both views of the images of other classes.

    Args:
        z1: unit rows [B, d] of one view.
        z2: unit rows [B, d] of the other view of the same images.
        labels: class of each image [B].
        temperature: tau, above 0.
        denominator: as in `contrastive`.
        view_pairs: as in `contrastive`.
        anchors: as in `contrastive`.

    Returns:
        Scalar, the mean over the anchors.

    Raises:
        ValueError: an option is unknown.

    Example:
        >>> z = torch.eye(3)
        >>> round(float(negatives_only_supervised(z, z, torch.tensor([0, 0, 1]), temperature=1.0)), 4)
        -0.0758
    """
    return _decoupled(z1, z2, labels, temperature, denominator, view_pairs, anchors)


def partly_supervised(
    z1: Tensor,
    z2: Tensor,
    labels: Tensor,
    temperature: float,
    dropped: float,
    denominator: str = "paper",
    view_pairs: str = "distinct",
    anchors: slice = ALL,
) -> Tensor:
    """Partial NSCL: negatives of the anchor's class enter the sum with the weight 1 - dropped.

    That weight is the expected share that is left where each such negative is dropped by chance; drawing them instead
    would add noise that neither CL nor NSCL has.

    Args:
        z1: unit rows [B, d] of one view.
        z2: unit rows [B, d] of the other view of the same images.
        labels: class of each image [B].
        temperature: tau, above 0.
        dropped: share in [0, 1]; 0 is CL, 1 is NSCL.
        denominator: as in `contrastive`.
        view_pairs: as in `contrastive`.
        anchors: as in `contrastive`.

    Returns:
        Scalar, the mean over the anchors.

    Raises:
        ValueError: `dropped` is outside of [0, 1], or an option is unknown.

    Example:
        >>> z, labels = torch.eye(3), torch.tensor([0, 0, 1])
        >>> bool(partly_supervised(z, z, labels, 1.0, dropped=0) == contrastive(z, z, labels, 1.0))
        True
    """
    if not 0 <= dropped <= 1:
        raise ValueError(f"dropped = {dropped}: expected 0 to 1")
    if dropped == 1:  # log 0: images of the class are no negatives at all
        return _decoupled(z1, z2, labels, temperature, denominator, view_pairs, anchors)
    images = torch.arange(len(z1), device=z1.device)
    log_weights = math.log1p(-dropped) * same_group(labels, anchors).to(z1.dtype)
    return _decoupled(z1, z2, images, temperature, denominator, view_pairs, anchors, log_weights)


def same_class_mass(z1: Tensor, z2: Tensor, labels: Tensor, temperature: float, anchors: slice = ALL) -> Tensor:
    """Share of CL's softmax over its negatives that each anchor gives to other images of its class.

    NSCL leaves this share out, and the two gradients differ by nothing else (docs/theory.md, 1).

    Args:
        z1: unit rows [B, d] of one view.
        z2: unit rows [B, d] of the other view of the same images.
        labels: class of each image [B].
        temperature: tau, above 0.
        anchors: as in `contrastive`.

    Returns:
        q [2b] of b images' two views.

    Example:
        >>> z = torch.eye(3)
        >>> same_class_mass(z, z, torch.tensor([0, 0, 1]), temperature=1.0)
        tensor([0.5000, 0.5000, 0.0000, 0.5000, 0.5000, 0.0000])
    """
    logits = logits_of(full_precision(z1), full_precision(z2), temperature, anchors)
    same_image = same_group(torch.arange(len(z1), device=z1.device), anchors)
    softmax = logits.masked_fill(same_image, -torch.inf).softmax(1)
    return (softmax * same_group(labels, anchors)).sum(1)


def full_precision(z: Tensor) -> Tensor:
    """Return float64 unchanged, any other type as float32."""
    return z if z.dtype == torch.float64 else z.float()


def logits_of(z1: Tensor, z2: Tensor, temperature: float, anchors: slice = ALL) -> Tensor:
    """Return sim/tau of both views of b anchors with all rows, [2b, 2B], by one matrix product."""
    rows = torch.cat([z1, z2])
    anchor_rows = rows if anchors == ALL else torch.cat([z1[anchors], z2[anchors]])
    return (anchor_rows / temperature) @ rows.T


def same_group(groups: Tensor, anchors: slice = ALL) -> Tensor:
    """Return [2b, 2B], True where two rows belong to the same group."""
    return groups[anchors].repeat(2)[:, None] == groups.repeat(2)[None, :]


def _decoupled(
    z1: Tensor,
    z2: Tensor,
    groups: Tensor,
    temperature: float,
    denominator: str,
    view_pairs: str,
    anchors: slice,
    log_weights: Tensor | None = None,
) -> Tensor:
    """Loss whose negatives are the rows of other groups, weighted where there are log-weights [2b, 2B]."""
    if denominator not in ("paper", "released_code"):
        raise ValueError(f"denominator = {denominator!r}: expected paper or released_code")
    if view_pairs not in ("distinct", "all"):
        raise ValueError(f"view_pairs = {view_pairs!r}: expected distinct or all")
    logits = logits_of(z1, z2, temperature, anchors)
    if log_weights is not None:
        logits = logits + log_weights
    excluded = same_group(groups, anchors)
    # the lowest finite value, not -inf: the sum of a row without negatives stays finite, and its gradient zero
    negatives = logits.masked_fill(excluded, torch.finfo(logits.dtype).min).logsumexp(1)
    has_negative = ~excluded.all(1)
    pull = ((z1[anchors] * z2[anchors]).sum(1) / temperature).repeat(2)
    terms = _term(pull, negatives, denominator)
    if view_pairs == "all":
        terms = (terms + _term(torch.full_like(pull, 1 / temperature), negatives, denominator)) / 2
    return torch.where(has_negative, terms, 0.0).mean()


def _term(positive: Tensor, negatives: Tensor, denominator: str) -> Tensor:
    """-log( e^positive / denominator ) of every anchor."""
    return (negatives if denominator == "paper" else torch.logaddexp(negatives, positive)) - positive
