"""Accuracy of encoders on the line between the weights of two."""

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

from pipeline.config.probe_settings import ProbeSettings
from pipeline.datasets.images import Images
from pipeline.evaluate.embed import as_read, encode
from pipeline.evaluate.probing import ProbeResult, probes
from twin_alignment.randomness import keyed_generator

BATCH = 256  # images whose batch-norm statistics are taken together


def merged(first: Mapping[str, Tensor], second: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """Weights and batch-norm statistics with that share of the second; counts are the first's."""
    return {
        name: torch.lerp(own, second[name], share) if own.is_floating_point() else own for name, own in first.items()
    }


def reestimate(encoder: nn.Module, images: Images, size: tuple[int, int] | None) -> None:
    """Give the encoder's batch norms the mean of the statistics of batches of unaugmented images, in random order.

    Interpolated statistics are not those of interpolated weights: means over units that do not match vary less than
    each unit does, and every layer shrinks what it hands on (Izmailov et al. 2018; Jordan et al. 2023). Without batch
    norm nothing changes. The encoder reads as in training, with the statistics of each batch.
    """
    update_bn(_batches(images, size), encoder)


def _batches(images: Images, size: tuple[int, int] | None) -> Iterator[Tensor]:
    """In an order of their own, as stored images may be sorted by class; a last batch that is not full is left out, as
    all batches count the same."""
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
    """(share, batch-norm statistics) -> probe -> result; statistics are `interpolated` as the weights are, or
    `reestimated` on training images. Nothing is trained. The encoder is left with the last weights."""
    found = {}
    for share in shares:
        encoder.load_state_dict(merged(*ends, share))
        for batch_norm in ("interpolated", "reestimated"):
            if batch_norm == "reestimated":
                reestimate(encoder, train, size)
            features = [encode(encoder, images, size).to(images.device) for images in (train, test)]
            found[share, batch_norm] = probes(features[0], train.labels, features[1], test.labels, settings)
    return found
