"""Residual networks of any width, depth and stem."""

from collections.abc import Sequence

from torch import nn

from pipeline.config.training_settings import TrainingSettings
from pipeline.models.convolution import Convolution
from twin_alignment.torchvision_shim import torchvision


def residual(block: str, layers: Sequence[int], settings: TrainingSettings, channels: int) -> nn.Module:
    """Build a residual network.

    Args:
        block: torchvision's `BasicBlock` or `Bottleneck`.
        layers: number of blocks in each of the four stages.
        settings: width and stem.
        channels: of the images.
    """
    kind = getattr(torchvision.models.resnet, block)
    return ResNet(kind, layers, settings.width, settings.stem, channels)


class ResNet(torchvision.models.ResNet):  # type: ignore[misc]
    """torchvision's residual network with any width, any number of input channels and a CIFAR or ImageNet stem.

    Input [B, channels, H, W], output features h [B, 8 * width * expansion]. torchvision's own constructor fixes the
    width at 64, hence this one; blocks, stages and initialisation (He et al. 2015) are torchvision's.
    """

    def __init__(self, block: type[nn.Module], layers: Sequence[int], width: int, stem: str, channels: int) -> None:
        nn.Module.__init__(self)
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

    def _make_layer(self, block: type[nn.Module], planes: int, blocks: int, stride: int = 1) -> nn.Sequential:
        """Build torchvision's stage with our convolutions."""
        stage: nn.Sequential = super()._make_layer(block, planes, blocks, stride)
        for parent in list(stage.modules()):
            for name, child in parent.named_children():
                if isinstance(child, nn.Conv2d):
                    setattr(parent, name, Convolution.like(child))
        return stage
