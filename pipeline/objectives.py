"""The objectives as pure functions of two views' embeddings, labels and temperature.

z1, z2 are unit rows [B, d]: the projections of two views of the same B images. Anchors are all 2B rows, an anchor's
positive is the other view of its image, sim is the cosine similarity, tau the temperature.

    CL    -log( e^{sim(anchor, positive)/tau} / sum over both views of all other images e^{sim/tau} )
    NSCL  the same with the sum over images of another class only
    SCL   mean over all other rows of the anchor's class of -log( e^{sim/tau} / sum over all rows but the anchor )
    CE    cross-entropy; z1, z2 are class logits [B, C]

CL and NSCL: the paper's equations, whose denominators leave out the positive (decoupled, Yeh et al. 2022). SCL: the
"out" form of Khosla et al. 2020, eq. 2.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

Loss = Callable[[Tensor, Tensor, Tensor, float, str, str], Tensor]


def loss(
    name: str,
    z1: Tensor,
    z2: Tensor,
    labels: Tensor,
    temperature: float,
    denominator: str = "paper",
    view_pairs: str = "distinct",
) -> Tensor:
    """Mean over the 2B anchors, a float32 scalar; any floating input is taken to float32 first.

    denominator: `paper`, or `released_code`, which adds the positive to the denominators of CL and NSCL (SCL's has it
    in any case). view_pairs: `distinct`, or `all`, the sum of CL and NSCL as printed, whose terms with twice the same
    view have the constant numerator e^{1/tau}: they halve the pull of the positive against the push of the negatives.

    An anchor without a negative (NSCL on a batch of one class) has nothing to be told apart from: its term is 0, with
    zero gradient, and the mean is still over 2B. Raises ValueError for shapes, names and temperatures out of range;
    that rows have unit length is the caller's promise and is not checked (it would cost a pass over the rows).
    """
    if name not in OBJECTIVES:
        raise ValueError(f"objective = {name!r}: allowed is one of {', '.join(OBJECTIVES)}")
    if z1.ndim != 2 or z1.shape != z2.shape or labels.shape != z1.shape[:1]:
        raise ValueError(
            f"z1 {tuple(z1.shape)}, z2 {tuple(z2.shape)}, labels {tuple(labels.shape)}: "
            "allowed is two views [B, d] and labels [B]"
        )
    if len(z1) < 2:
        raise ValueError(f"a batch of {len(z1)}: allowed is at least 2 images, as an anchor is compared with others")
    if not temperature > 0:
        raise ValueError(f"temperature = {temperature}: allowed is above 0")
    if denominator not in ("paper", "released_code"):
        raise ValueError(f"denominator = {denominator!r}: allowed is paper or released_code")
    if view_pairs not in ("distinct", "all"):
        raise ValueError(f"view_pairs = {view_pairs!r}: allowed is distinct or all")
    with torch.autocast(z1.device.type, enabled=False):
        return OBJECTIVES[name](z1.float(), z2.float(), labels, temperature, denominator, view_pairs)


def same_class_mass(z1: Tensor, z2: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """q [2B]: the share of CL's softmax over its negatives that each anchor gives to other images of its own class.

    What NSCL leaves out, and all by which the two gradients differ (docs/theory.md, 1).
    """
    logits = _logits(z1.float(), z2.float(), temperature)
    own = _same(torch.arange(len(z1), device=z1.device))
    others = logits.masked_fill(own, -torch.inf).softmax(1)
    return (others * _same(labels)).sum(1)


def contrastive(
    z1: Tensor, z2: Tensor, labels: Tensor, temperature: float, denominator: str, view_pairs: str
) -> Tensor:
    """CL: negatives are both views of all other images."""
    images = torch.arange(len(z1), device=z1.device)
    return _decoupled(z1, z2, images, temperature, denominator, view_pairs)


def negatives_only_supervised(
    z1: Tensor, z2: Tensor, labels: Tensor, temperature: float, denominator: str, view_pairs: str
) -> Tensor:
    """NSCL: negatives are both views of the images of other classes."""
    return _decoupled(z1, z2, labels, temperature, denominator, view_pairs)


def supervised_contrastive(
    z1: Tensor, z2: Tensor, labels: Tensor, temperature: float, denominator: str, view_pairs: str
) -> Tensor:
    """SCL: positives are all other rows of the anchor's class; one form only, whatever the options say."""
    logits = _logits(z1, z2, temperature)
    own = torch.eye(len(logits), dtype=torch.bool, device=logits.device)
    log_partition = logits.masked_fill(own, -torch.inf).logsumexp(1)
    positives = _same(labels) & ~own
    mean_positive = (logits * positives).sum(1) / positives.sum(1)
    return (log_partition - mean_positive).mean()


def cross_entropy(
    z1: Tensor, z2: Tensor, labels: Tensor, temperature: float, denominator: str, view_pairs: str
) -> Tensor:
    """CE on the logits of both views; no temperature."""
    return F.cross_entropy(torch.cat([z1, z2]), labels.repeat(2))


OBJECTIVES: dict[str, Loss] = {
    "cl": contrastive,
    "nscl": negatives_only_supervised,
    "scl": supervised_contrastive,
    "ce": cross_entropy,
}


def _logits(z1: Tensor, z2: Tensor, temperature: float) -> Tensor:
    """sim/tau of all rows with all rows, [2B, 2B], by one matrix product."""
    rows = torch.cat([z1, z2])
    return (rows / temperature) @ rows.T


def _same(groups: Tensor) -> Tensor:
    """[2B, 2B]: whether two rows belong to the same group."""
    both = groups.repeat(2)
    return both[:, None] == both[None, :]


def _decoupled(z1: Tensor, z2: Tensor, groups: Tensor, temperature: float, denominator: str, view_pairs: str) -> Tensor:
    """CL or NSCL: an anchor's negatives are the rows of other groups."""
    logits = _logits(z1, z2, temperature)
    excluded = _same(groups)
    # the lowest finite value, not -inf: the sum of a row without negatives stays finite, and its gradient zero
    negatives = logits.masked_fill(excluded, torch.finfo(logits.dtype).min).logsumexp(1)
    has_negative = ~excluded.all(1)
    pull = ((z1 * z2).sum(1) / temperature).repeat(2)
    terms = _term(pull, negatives, denominator)
    if view_pairs == "all":
        terms = (terms + _term(torch.full_like(pull, 1 / temperature), negatives, denominator)) / 2
    return torch.where(has_negative, terms, 0.0).mean()


def _term(positive: Tensor, negatives: Tensor, denominator: str) -> Tensor:
    """-log( e^positive / denominator ) of every anchor."""
    return (negatives if denominator == "paper" else torch.logaddexp(negatives, positive)) - positive
