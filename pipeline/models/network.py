"""A twin's network: encoder f and projection head g, h = f(x), z = g(h) / ||g(h)||."""

import torch
from torch import Tensor, nn

from pipeline.config.base import SettingsError
from pipeline.config.references import load
from pipeline.config.training_settings import TrainingSettings
from pipeline.models.encoders import reference
from pipeline.train.shape_text import shape_text


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
    z [B, k], or class logits [B, classes] when there is a classifier, or the projection before it is normalised, or h.
    `loss` has the parameters of an objective that has some of its own; it is trained and kept with the rest. Where h is
    read there is no projection head.
    """

    def __init__(
        self,
        encoder: nn.Module,
        projection_head: nn.Module,
        classifier: nn.Module | None,
        ce_head: str,
        reads: str = "z",
        loss: nn.Module | None = None,
    ):
        super().__init__()
        self.encoder = encoder
        self.projection_head = projection_head
        self.classifier = classifier
        self.ce_head = ce_head
        self.reads = reads
        self.loss = loss

    def forward(self, images: Tensor) -> Tensor:
        features: Tensor = self.encoder(images)
        if self.reads == "features":
            return features.float()
        if self.classifier is not None and self.ce_head == "features":
            logits: Tensor = self.classifier(features)
            return logits.float()
        projection: Tensor = self.projection_head(features).float()
        if self.reads == "projection":
            return projection
        z = nn.functional.normalize(projection, dim=1)
        return z if self.classifier is None else self.classifier(z)


def build_encoder(settings: TrainingSettings, channels: int, size: tuple[int, int]) -> nn.Module:
    """Encoder for images [channels, *size]; draws from torch's global generator, so call it inside `fork_rng`. Raises
    SettingsError where its function gives something else."""
    made = load(reference(settings.encoder))(settings, channels, size)
    if not isinstance(made, nn.Module):
        raise SettingsError(f"{settings.encoder}: expected a torch.nn.Module, got {shape_text(made)}")
    return made


def feature_dimension(encoder: nn.Module, channels: int, size: tuple[int, int]) -> int:
    """d, the number of columns of h. Raises SettingsError where an encoder gives something else than h [B, d]."""
    training = encoder.training
    encoder.eval()  # no batch statistics from blank images
    with torch.no_grad():
        features = encoder(torch.zeros(2, channels, *size))
    encoder.train(training)
    if not isinstance(features, Tensor) or features.ndim != 2 or len(features) != 2 or not features.is_floating_point():
        more = isinstance(features, Tensor) and features.ndim > 2
        raise SettingsError(
            "encoder: expected features [B, d] as floating-point numbers, of 2 images [2, d], got "
            f"{shape_text(features)}"
            f"{': nn.Flatten() at its end makes rows of them' if more else ''}"
        )
    return features.shape[1]
