"""Accuracy of encoders on the line between the weights of two networks."""

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

from pipeline.config.probe_settings import ProbeSettings
from pipeline.datasets.images import Images
from pipeline.evaluate.embed import as_read, encode
from pipeline.evaluate.probing import ProbeResult, probes
from twin_alignment.randomness import keyed_generator

BATCH = 256  # images in a batch of batch-norm statistics


def merged(first: Mapping[str, Tensor], second: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """Interpolate weights and batch-norm statistics; `share` is that of the second network. Counts are the first's."""
    return {name: torch.lerp(w, second[name], share) if w.is_floating_point() else w for name, w in first.items()}


def reestimate(encoder: nn.Module, images: Images, size: tuple[int, int] | None) -> None:
    """Set the encoder's batch-norm statistics to the mean over batches of unaugmented images, in random order.

    Interpolated statistics are not those of interpolated weights: means over units that do not match vary less than
    each unit does, and every layer shrinks its output (Izmailov et al. 2018; Jordan et al. 2023). The encoder is
    left in training mode.

    Args:
        encoder: changed in place; nothing changes without batch norm.
        images: to compute the statistics of.
        size: (height, width) that the encoder reads; None: as stored.
    """
    update_bn(_batches(images, size), encoder)


def _batches(images: Images, size: tuple[int, int] | None) -> Iterator[Tensor]:
    """Yield full batches in random order, as stored images may be sorted by class, and all batches count the same."""
    order = keyed_generator(0, "batch-norm statistics").permutation(len(images))
    for start in range(0, max(len(order) - BATCH, 0) + 1, BATCH):
        yield as_read(images.take(order[start : start + BATCH])[0], images, size)


def accuracy_between(
    encoder: nn.Module,
    ends: tuple[Mapping[str, Tensor], Mapping[str, Tensor]],
    shares: Sequence[float],
    train: Images,
    test: Images,
    size: tuple[int, int] | None,
    settings: ProbeSettings,
) -> dict[tuple[float, str], dict[str, ProbeResult]]:
    """Probe encoders between two sets of weights; none is trained.

    Args:
        encoder: left with the last weights.
        ends: weights of both networks.
        shares: of the second network.
        train: training images.
        test: test images.
        size: (height, width) that the encoder reads; None: as stored.
        settings: of the probes.

    Returns:
        {(share, batch-norm statistics): {probe: result}}; statistics are `interpolated` as the weights are, or
        `reestimated` on training images.
    """
    results = {}
    for share in shares:
        encoder.load_state_dict(merged(*ends, share))
        for batch_norm in ("interpolated", "reestimated"):
            if batch_norm == "reestimated":
                reestimate(encoder, train, size)
            features = [encode(encoder, images, size).to(images.device) for images in (train, test)]
            results[share, batch_norm] = probes(features[0], train.labels, features[1], test.labels, settings)
    return results
