"""Accuracy of encoders on the line between the weights of two."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from pipeline.data.images import Images
from pipeline.embed import encode
from pipeline.probes import ProbeResult, probes
from pipeline.settings.probes import ProbeSettings


def merged(first: Mapping[str, Tensor], second: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """Weights and batch-norm statistics with that share of the second; counts are the first's."""
    return {
        name: torch.lerp(own, second[name], share) if own.is_floating_point() else own for name, own in first.items()
    }


def accuracy_between(
    encoder: nn.Module,
    ends: tuple[Mapping[str, Tensor], Mapping[str, Tensor]],
    shares: Sequence[float],
    train: Images,
    test: Images,
    size: tuple[int, int] | None,
    settings: ProbeSettings,
) -> dict[float, dict[str, ProbeResult]]:
    """share -> probe -> result; nothing is trained or estimated again. The encoder is left with the last weights."""
    found = {}
    for share in shares:
        encoder.load_state_dict(merged(*ends, share))
        features = [encode(encoder, images, size).to(images.device) for images in (train, test)]
        found[share] = probes(features[0], train.labels, features[1], test.labels, settings)
    return found
