"""Networks to load weights into; the random draws of their constructors are discarded."""

import torch

from pipeline.config.training_settings import TrainingSettings
from pipeline.models.network import Network, ProjectionHead, build_encoder, feature_dimension


def empty_network(settings: TrainingSettings, channels: int, size: tuple[int, ...]) -> Network:
    """Build encoder and projection head for images [channels, *size], as the contrastive objectives have them."""
    with torch.random.fork_rng(devices=[]):
        encoder = build_encoder(settings, channels, size)
        head = ProjectionHead(feature_dimension(encoder, channels, size), settings.projection)
    return Network(encoder, head, None, settings.ce_head)
