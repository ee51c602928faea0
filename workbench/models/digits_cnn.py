"""The bundled network: small, but with every kind of layer that makes pruning interesting.

Plain convolutions hold most of the weights; a residual stream couples the channels of several
layers, and a depthwise convolution couples its inputs to its outputs.
"""

import torch.nn.functional as F
from torch import Tensor, nn

STEM, WIDE, HEAD = 32, 64, 128


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut, which is a 1x1 convolution where sizes change.

    Reference:
        He et al., Deep Residual Learning for Image Recognition, arXiv:1512.03385.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
                nn.BatchNorm2d(out_channels),
            )

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return F.relu(y + self.shortcut(x))


class SeparableBlock(nn.Module):
    """A depthwise 3x3 and a pointwise 1x1 convolution beside an identity shortcut.

    Reference:
        Howard et al., MobileNets, arXiv:1704.04861.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.pointwise = nn.Conv2d(channels, channels, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.depthwise(x)))
        y = self.bn2(self.pointwise(y))
        return F.relu(y + x)


class DigitsCNN(nn.Module):
    """Residual network for small images; about 92,000 parameters at ten classes.

    Maps ``(B, in_channels, H, W)`` to logits ``(B, num_classes)`` for any H and W.
    """

    def __init__(self, num_classes: int = 10, in_channels: int = 1) -> None:
        super().__init__()
        self.stem = nn.Conv2d(in_channels, STEM, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(STEM)
        self.block1 = ResidualBlock(STEM, STEM)
        self.block2 = ResidualBlock(STEM, WIDE, stride=2)
        self.block3 = SeparableBlock(WIDE)
        self.head = nn.Conv2d(WIDE, HEAD, 1, bias=False)
        self.bn_head = nn.BatchNorm2d(HEAD)
        self.classifier = nn.Linear(HEAD, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn(self.stem(x)))
        x = self.block3(self.block2(self.block1(x)))
        x = F.relu(self.bn_head(self.head(x)))
        x = F.adaptive_avg_pool2d(x, 1).flatten(1)
        logits: Tensor = self.classifier(x)
        return logits


def digits_cnn(num_classes: int, input_shape: tuple[int, ...]) -> nn.Module:
    """Build `DigitsCNN`, untrained, for inputs of shape ``(C, H, W)``."""
    return DigitsCNN(num_classes, input_shape[0])
