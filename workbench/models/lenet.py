"""The LeNet family, on which pruning papers have compared themselves since 1989.

Reference:
    LeCun et al., Gradient-Based Learning Applied to Document Recognition, 1998.
"""

from math import prod

import torch.nn.functional as F
from torch import Tensor, nn

from workbench.errors import ModelError


class LeNet300(nn.Module):
    """LeNet-300-100: three linear layers; 266,610 parameters for 28 x 28 inputs."""

    def __init__(self, num_classes: int = 10, in_features: int = 784) -> None:
        super().__init__()
        self.fc1 = nn.Linear(in_features, 300)
        self.fc2 = nn.Linear(300, 100)
        self.fc3 = nn.Linear(100, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.fc1(x.flatten(1)))
        x = F.relu(self.fc2(x))
        logits: Tensor = self.fc3(x)
        return logits


class LeNet5(nn.Module):
    """LeNet-5 of 1998; 61,706 parameters for 28 x 28 and for 32 x 32 inputs.

    As in most later work, the second convolution sees all maps of the first, pooling has no
    weights, and the output layer is linear. Images smaller than the paper's 32 pixels get its
    two-pixel frame as padding.
    """

    def __init__(self, num_classes: int = 10, input_shape: tuple[int, ...] = (1, 28, 28)) -> None:
        super().__init__()
        channels, height, width = _image_shape("lenet5", input_shape)
        padding = 2 if min(height, width) < 32 else 0
        features = 16 * prod(_after_two_stages(size + 2 * padding) for size in (height, width))
        _check_large_enough("lenet5", input_shape, 12, features)
        self.conv1 = nn.Conv2d(channels, 6, 5, padding=padding)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(features, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.avg_pool2d(self.conv1(x).tanh(), 2)
        x = F.avg_pool2d(self.conv2(x).tanh(), 2)
        x = self.fc1(x.flatten(1)).tanh()
        x = self.fc2(x).tanh()
        logits: Tensor = self.fc3(x)
        return logits


class LeNet5Caffe(nn.Module):
    """The wider LeNet-5 that Caffe shipped; 431,080 parameters for 28 x 28 inputs.

    It is the "LeNet-5" of most pruning tables.

    Reference:
        Han et al., Learning both Weights and Connections, arXiv:1506.02626, table 3.
    """

    def __init__(self, num_classes: int = 10, input_shape: tuple[int, ...] = (1, 28, 28)) -> None:
        super().__init__()
        channels, height, width = _image_shape("lenet5_caffe", input_shape)
        features = 50 * prod(_after_two_stages(size) for size in (height, width))
        _check_large_enough("lenet5_caffe", input_shape, 16, features)
        self.conv1 = nn.Conv2d(channels, 20, 5)
        self.conv2 = nn.Conv2d(20, 50, 5)
        self.fc1 = nn.Linear(features, 500)
        self.fc2 = nn.Linear(500, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        # Caffe's network has no non-linearity after its convolutions other than pooling.
        x = F.max_pool2d(self.conv1(x), 2)
        x = F.max_pool2d(self.conv2(x), 2)
        x = F.relu(self.fc1(x.flatten(1)))
        logits: Tensor = self.fc2(x)
        return logits


def _after_two_stages(size: int) -> int:
    """Side length after two rounds of a 5x5 convolution and 2x2 pooling; never negative."""
    return max(0, ((size - 4) // 2 - 4) // 2)


def _image_shape(name: str, input_shape: tuple[int, ...]) -> tuple[int, int, int]:
    if len(input_shape) != 3:
        raise ModelError(
            f"{name} needs images, input shape (C, H, W), got {tuple(input_shape)}. "
            "Use 'lenet300_100', which takes any shape."
        )
    channels, height, width = input_shape
    return channels, height, width


def _check_large_enough(
    name: str, input_shape: tuple[int, ...], smallest: int, features: int
) -> None:
    if features == 0:
        raise ModelError(
            f"{name} needs images of at least {smallest} x {smallest} pixels, "
            f"got input shape {tuple(input_shape)}. Use 'lenet300_100' or 'digits_cnn'."
        )


def lenet300_100(num_classes: int, input_shape: tuple[int, ...]) -> nn.Module:
    """Build `LeNet300`, untrained, for inputs of any shape."""
    return LeNet300(num_classes, prod(input_shape))


def lenet5(num_classes: int, input_shape: tuple[int, ...]) -> nn.Module:
    """Build `LeNet5`, untrained, for inputs of shape ``(C, H, W)``.

    Raises:
        ModelError: If the inputs are no images, or H or W is below 12.
    """
    return LeNet5(num_classes, input_shape)


def lenet5_caffe(num_classes: int, input_shape: tuple[int, ...]) -> nn.Module:
    """Build `LeNet5Caffe`, untrained, for inputs of shape ``(C, H, W)``.

    Raises:
        ModelError: If the inputs are no images, or H or W is below 16.
    """
    return LeNet5Caffe(num_classes, input_shape)
