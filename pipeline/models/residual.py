"""Residual networks of any width, depth and stem."""

from collections.abc import Sequence

from torch import Tensor, nn

from pipeline.config.training_settings import TrainingSettings
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


class Shortcut(nn.Conv2d):
    """A 1 x 1 convolution with a stride, computed without a stride on every stride-th pixel.

    oneDNN writes beyond its workspace in the backward pass of channels_last, for fewer input channels than a vector
    holds (8 with AVX2, 16 with AVX-512): it crashes, or gives wrong gradients silently (uxlfoundation/oneDNN#6035).
    """

    VECTOR = 16  # float32 numbers; with this many channels nothing is written beyond

    def forward(self, input: Tensor) -> Tensor:
        """Convolve [B, C, H, W]."""
        rows, columns = self.stride
        return nn.functional.conv2d(input[:, :, ::rows, ::columns], self.weight)


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
        """Build torchvision's stage, with our shortcut if the channels are few."""
        stage: nn.Sequential = super()._make_layer(block, planes, blocks, stride)
        shortcut: nn.Sequential | None = stage[0].downsample  # type: ignore[assignment]  # an attribute of blocks
        if shortcut is not None:
            conv = shortcut[0]
            assert isinstance(conv, nn.Conv2d)
            if conv.in_channels < Shortcut.VECTOR:
                shortcut[0] = Shortcut(conv.in_channels, conv.out_channels, 1, stride, bias=False)
        return stage
