"""A twin's network: encoder f and projection head g, h = f(x), z = g(h) / ||g(h)||."""

import torch
from torch import Tensor, nn

from pipeline.config.base import SettingsError
from pipeline.config.references import load
from pipeline.config.training_settings import TrainingSettings
from pipeline.models.encoders import check_size, reference
from pipeline.system.shape_text import shape_text


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
    """Encoder and projection head of one twin, and a linear classifier if the objective is cross-entropy.

    Args:
        encoder: maps images [B, C, H, W], or rows [B, ...], to features h [B, d].
        projection_head: maps h to the projection [B, k]; not used if the objective reads h.
        classifier: maps h, or z, to class logits; None: there is none.
        ce_head: what the classifier reads, `features` or `projection`.
        reads: what `forward` returns without a classifier: unit rows `z` [B, k], the `projection` before it is
            normalised, or `features` h.
        loss: parameters of the objective, trained and saved with the others; None: it has none.
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
        """Return what the objective reads, float32."""
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


def build_encoder(settings: TrainingSettings, channels: int, size: tuple[int, ...]) -> nn.Module:
    """Build the encoder for images or rows [channels, *size]; it draws from torch's global generator.

    Raises:
        SettingsError: it does not read such rows, or its function does not return a module.
    """
    check_size(settings, size)
    encoder = load(reference(settings.encoder))(settings, channels, size)
    if not isinstance(encoder, nn.Module):
        raise SettingsError(f"{settings.encoder}: expected a torch.nn.Module, got {shape_text(encoder)}")
    return encoder


def feature_dimension(encoder: nn.Module, channels: int, size: tuple[int, ...]) -> int:
    """Return d, the number of columns of h. Raises SettingsError if the encoder does not return h [B, d]."""
    training = encoder.training
    encoder.eval()  # no batch statistics from blank images
    with torch.no_grad():
        features = encoder(torch.zeros(2, channels, *size))
    encoder.train(training)
    if not isinstance(features, Tensor) or features.ndim != 2 or len(features) != 2 or not features.is_floating_point():
        hint = ": nn.Flatten() at its end makes rows" if isinstance(features, Tensor) and features.ndim > 2 else ""
        raise SettingsError(
            "encoder: expected features [B, d] as floating-point numbers, of 2 images [2, d], got "
            f"{shape_text(features)}{hint}"
        )
    return features.shape[1]
