"""Gap between CL's and NSCL's loss of a network, on all images at once."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from pipeline.augment import view_maker
from pipeline.config.view_settings import Views
from pipeline.datasets.images import Images
from twin_alignment.randomness import keyed_generator
from twin_alignment.theory.loss_gap_bound import loss_gap

BATCH = 256  # images in a forward pass


def two_views(images: Images, views: Views, seed: int) -> list[tuple[Tensor, Tensor]]:
    """Make two views [B, C, h, w] of every image, or [B, ...] of every row, in batches."""
    maker = view_maker(views)
    first, second = (keyed_generator(seed, "loss gap", view) for view in (1, 2))
    batches = []
    for part in images.batches(BATCH):
        draws = (maker.draw(generator, len(part), images) for generator in (first, second))
        view1, view2 = (maker.make(part, drawn, images) for drawn in draws)
        batches.append((view1, view2))
    return batches


@torch.inference_mode()
def network_loss_gap(
    network: nn.Module, views: Sequence[tuple[Tensor, Tensor]], labels: Tensor, temperature: float
) -> float:
    """Compute `loss_gap` of two views of all images, with labels [N], by a network in evaluation mode."""
    network.eval()
    z1, z2 = (torch.cat([network(pair[view]) for pair in views]) for view in (0, 1))
    return loss_gap(z1, z2, labels, temperature)
