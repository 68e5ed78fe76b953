"""How much larger CL's loss is than NSCL's on the same embeddings, and the bound of arXiv 2506.04411."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from pipeline.data.images import Images
from pipeline.randomness import keyed_generator
from pipeline.settings.views import ViewRecipe
from pipeline.views import apply_views, draw_views

CHUNK = 1024  # anchors whose similarities are in memory at once
BATCH = 256  # images a forward pass


def two_views(images: Images, recipe: ViewRecipe, seed: int) -> list[tuple[Tensor, Tensor]]:
    """Two views of every image, in batches."""
    first, second = (keyed_generator(seed, "loss gap", view) for view in (1, 2))
    batches = []
    for part in images.batches(BATCH):
        draws = (draw_views(recipe, generator, len(part), *images.size) for generator in (first, second))
        view1, view2 = (apply_views(part, drawn, recipe, images.mean, images.std) for drawn in draws)
        batches.append((view1, view2))
    return batches


@torch.inference_mode()
def network_loss_gap(
    network: nn.Module, views: Sequence[tuple[Tensor, Tensor]], labels: Tensor, temperature: float
) -> float:
    """`loss_gap` of all images at once, seen by a network in evaluation mode."""
    network.eval()
    z1, z2 = (torch.cat([network(pair[view]) for pair in views]) for view in (0, 1))
    return loss_gap(z1, z2, labels, temperature)


def loss_gap(z1: Tensor, z2: Tensor, labels: Tensor, temperature: float) -> float:
    """L_CL - L_NSCL over all N images at once, for unit rows z1, z2 [N, d] of two views.

    An anchor's two terms differ in their negatives alone, so that the gap is the mean of -log(1 - q) with q the
    softmax mass of its own class (docs/theory.md, 1). Never negative. O(N^2 d) operations in chunks of anchors: no
    2N x 2N matrix. Raises ValueError for fewer than two classes.
    """
    if len(labels.unique()) < 2:
        raise ValueError("1 class: allowed is at least 2, as NSCL's negatives are of other classes")
    rows, both = torch.cat([z1, z2]).double(), labels.repeat(2)
    images = torch.arange(len(z1), device=z1.device).repeat(2)
    total = 0.0
    for anchors in torch.arange(len(rows), device=rows.device).split(CHUNK):
        logits = (rows[anchors] @ rows.T / temperature).masked_fill(images[anchors, None] == images, -torch.inf)
        others = logits.masked_fill(both[anchors, None] == both, -torch.inf)
        total += float((logits.logsumexp(1) - others.logsumexp(1)).sum())
    return total / len(rows)


def loss_gap_bound(largest_class: int, images: int, temperature: float) -> float:
    """log(1 + n_max e^{2/tau} / (N - n_max)); in log space, as e^{2/tau} leaves float64 below tau = 0.003."""
    if not 0 < largest_class < images:
        raise ValueError(f"largest class {largest_class} of {images} images: allowed is 1 to {images - 1}")
    log_ratio = 2 / temperature + math.log(largest_class) - math.log(images - largest_class)
    return log_ratio + math.log1p(math.exp(-log_ratio)) if log_ratio > 0 else math.log1p(math.exp(log_ratio))
