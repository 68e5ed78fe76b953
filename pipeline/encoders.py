"""Encoders f and projection heads g: h = f(x), z = g(h) / ||g(h)||.

ResNets and vision transformers are torchvision's, with the stem and the width chosen here.
"""

import torch
from torch import Tensor, nn

from pipeline.params import TrainingSettings
from pipeline.vision import torchvision

_BLOCKS: dict[str, tuple[type[nn.Module], tuple[int, int, int, int]]] = {
    "resnet10": (torchvision.models.resnet.BasicBlock, (1, 1, 1, 1)),
    "resnet18": (torchvision.models.resnet.BasicBlock, (2, 2, 2, 2)),
    "resnet50": (torchvision.models.resnet.Bottleneck, (3, 4, 6, 3)),
}
_TRANSFORMERS = {  # name: heads, blocks, patches a side; tiny and small as DeiT (Touvron et al. 2021)
    "vit_micro": (2, 4, 4),  # for machines without an accelerator
    "vit_tiny": (3, 12, 8),  # a patch is 4 pixels at 32, 28 at 224
    "vit_small": (6, 12, 8),
}


class ResNet(torchvision.models.ResNet):  # type: ignore[misc]
    """torchvision's residual network with any width, any number of input channels and a CIFAR or ImageNet stem.

    Input [B, channels, H, W], output features h [B, 8 * width * expansion]. torchvision's own constructor fixes the
    width at 64, hence the second one here; blocks, stages and initialisation (He et al. 2015) are torchvision's.
    """

    def __init__(self, name: str, width: int, stem: str, channels: int) -> None:
        nn.Module.__init__(self)
        block, layers = _BLOCKS[name]
        self._norm_layer = nn.BatchNorm2d
        self.inplanes, self.dilation, self.groups, self.base_width = width, 1, 1, 64
        small = stem == "cifar"
        self.conv1 = nn.Conv2d(channels, width, *((3, 1, 1) if small else (7, 2, 3)), bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.Identity() if small else nn.MaxPool2d(3, 2, 1)
        self.layer1 = self._make_layer(block, width, layers[0])
        self.layer2 = self._make_layer(block, 2 * width, layers[1], stride=2)
        self.layer3 = self._make_layer(block, 4 * width, layers[2], stride=2)
        self.layer4 = self._make_layer(block, 8 * width, layers[3], stride=2)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Identity()
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


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
    if settings.encoder in _BLOCKS:
        return ResNet(settings.encoder, settings.width, settings.stem, channels)
    heads, blocks, patches = _TRANSFORMERS[settings.encoder]
    side = max(size)
    if size[0] != size[1] or side % patches:
        raise ValueError(
            f"{settings.encoder} cuts square images into {patches} x {patches} patches, and the views have "
            f"{size[0]} x {size[1]} pixels: choose a square size that is a multiple of {patches}"
        )
    hidden = settings.width * heads
    transformer = torchvision.models.VisionTransformer(
        image_size=side,
        patch_size=side // patches,
        num_layers=blocks,
        num_heads=heads,
        hidden_dim=hidden,
        mlp_dim=4 * hidden,
    )
    if channels != transformer.conv_proj.in_channels:
        cut = transformer.conv_proj
        transformer.conv_proj = nn.Conv2d(channels, hidden, cut.kernel_size, cut.stride)
    transformer.heads = nn.Identity()
    return transformer  # type: ignore[no-any-return]


def feature_dimension(encoder: nn.Module, channels: int, size: tuple[int, int]) -> int:
    """d, the number of columns of h."""
    training = encoder.training
    encoder.eval()  # no batch statistics from a blank image
    with torch.no_grad():
        columns = encoder(torch.zeros(1, channels, *size)).shape[1]
    encoder.train(training)
    return int(columns)
