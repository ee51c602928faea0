"""The residual networks for CIFAR: 6n + 2 layers, and shortcuts without weights.

Reference:
    He et al., Deep Residual Learning for Image Recognition, arXiv:1512.03385, section 4.2.
"""

import torch.nn.functional as F
from torch import Tensor, nn


class ZeroPadShortcut(nn.Module):
    """The paper's option A: every `stride`-th pixel, and new channels that are zero.

    Maps ``(B, C, H, W)`` to ``(B, pad_before + C + pad_after, H / stride, W / stride)``. The
    two counts are attributes, because removing channels changes them.
    """

    def __init__(self, stride: int, pad_before: int, pad_after: int) -> None:
        super().__init__()
        self.stride = stride
        self.pad_before = pad_before
        self.pad_after = pad_after

    def forward(self, x: Tensor) -> Tensor:
        x = x[:, :, :: self.stride, :: self.stride]
        return F.pad(x, (0, 0, 0, 0, self.pad_before, self.pad_after))

    def extra_repr(self) -> str:
        return f"stride={self.stride}, pad_before={self.pad_before}, pad_after={self.pad_after}"


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut without weights."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.shortcut: nn.Module = nn.Identity()
        new_channels = out_channels - in_channels
        if stride != 1 or new_channels:
            self.shortcut = ZeroPadShortcut(
                stride, new_channels // 2, new_channels - new_channels // 2
            )

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return F.relu(y + self.shortcut(x))


class CifarResNet(nn.Module):
    """Three stages of `blocks_per_stage` blocks with 16, 32 and 64 channels.

    Maps ``(B, in_channels, H, W)`` to logits ``(B, num_classes)``. Parameter names are those of
    the widely used checkpoints of Y. Idelbayev (akamaster/pytorch_resnet_cifar10).
    """

    def __init__(self, blocks_per_stage: int, num_classes: int = 10, in_channels: int = 3) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = _stage(16, 16, blocks_per_stage, stride=1)
        self.layer2 = _stage(16, 32, blocks_per_stage, stride=2)
        self.layer3 = _stage(32, 64, blocks_per_stage, stride=2)
        self.linear = nn.Linear(64, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        x = F.adaptive_avg_pool2d(x, 1).flatten(1)
        logits: Tensor = self.linear(x)
        return logits


def _stage(in_channels: int, out_channels: int, blocks: int, stride: int) -> nn.Sequential:
    first = BasicBlock(in_channels, out_channels, stride)
    return nn.Sequential(
        first, *(BasicBlock(out_channels, out_channels, 1) for _ in range(1, blocks))
    )


def resnet20(num_classes: int, input_shape: tuple[int, ...]) -> nn.Module:
    """Build ResNet-20, untrained, for inputs ``(C, H, W)``; 269,722 parameters for CIFAR-10."""
    return CifarResNet(3, num_classes, input_shape[0])


def resnet32(num_classes: int, input_shape: tuple[int, ...]) -> nn.Module:
    """Build ResNet-32, untrained, for inputs ``(C, H, W)``; 464,154 parameters for CIFAR-10."""
    return CifarResNet(5, num_classes, input_shape[0])


def resnet44(num_classes: int, input_shape: tuple[int, ...]) -> nn.Module:
    """Build ResNet-44, untrained, for inputs ``(C, H, W)``; 658,586 parameters for CIFAR-10."""
    return CifarResNet(7, num_classes, input_shape[0])


def resnet56(num_classes: int, input_shape: tuple[int, ...]) -> nn.Module:
    """Build ResNet-56, untrained, for inputs ``(C, H, W)``; 853,018 parameters for CIFAR-10."""
    return CifarResNet(9, num_classes, input_shape[0])
