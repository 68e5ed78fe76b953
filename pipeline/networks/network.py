"""A twin's network: encoder f and projection head g, h = f(x), z = g(h) / ||g(h)||."""

import torch
from torch import Tensor, nn

from pipeline.encoders import reference
from pipeline.references import load
from pipeline.settings.training import TrainingSettings


class ProjectionHead(nn.Sequential):
    """Linear d -> d, BatchNorm, ReLU, Linear d -> k, BatchNorm without learned bias (SimCLR's head)."""

    def __init__(self, features: int, projection: int) -> None:
        last = nn.BatchNorm1d(projection)
        last.bias.requires_grad_(False)
        super().__init__(
            nn.Linear(features, features, bias=False),  # a bias would be removed by the batch norm
            nn.BatchNorm1d(features),
            nn.ReLU(inplace=True),
            nn.Linear(features, projection, bias=False),
            last,
        )


class Network(nn.Module):
    """Encoder and projection head of one twin; a linear classifier too where the objective is cross-entropy.

    `encoder` maps images [B, C, H, W] to features h [B, d]; `forward` gives what the objective reads: unit rows
    z [B, k], or class logits [B, classes] when there is a classifier.
    """

    def __init__(self, encoder: nn.Module, projection_head: nn.Module, classifier: nn.Module | None, ce_head: str):
        super().__init__()
        self.encoder = encoder
        self.projection_head = projection_head
        self.classifier = classifier
        self.ce_head = ce_head

    def forward(self, images: Tensor) -> Tensor:
        features = self.encoder(images)
        if self.classifier is not None and self.ce_head == "features":
            logits: Tensor = self.classifier(features)
            return logits.float()
        z = nn.functional.normalize(self.projection_head(features).float(), dim=1)
        return z if self.classifier is None else self.classifier(z)


def build_encoder(settings: TrainingSettings, channels: int, size: tuple[int, int]) -> nn.Module:
    """Encoder for images [channels, *size]; draws from torch's global generator, so call it inside `fork_rng`."""
    made: nn.Module = load(reference(settings.encoder))(settings, channels, size)
    return made


def feature_dimension(encoder: nn.Module, channels: int, size: tuple[int, int]) -> int:
    """d, the number of columns of h."""
    training = encoder.training
    encoder.eval()  # no batch statistics from a blank image
    with torch.no_grad():
        columns = encoder(torch.zeros(1, channels, *size)).shape[1]
    encoder.train(training)
    return int(columns)
