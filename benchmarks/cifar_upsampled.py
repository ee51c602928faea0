"""CIFAR-10 enlarged to the size that networks made for photographs expect."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
import torchvision
from torch import Tensor, nn
from torch.utils.data import Dataset

from workbench.data.location import locate

CLASSES = 10
PIXELS = 224


def mobilenet_v2() -> nn.Module:
    """torchvision's network with ten classes, random weights."""
    return cast(nn.Module, torchvision.models.mobilenet_v2(num_classes=CLASSES))


def arrays(part: str) -> tuple[Tensor, Tensor]:
    """Images of ``"train"`` or ``"test"``, uint8 ``(N, 3, 32, 32)``, and labels ``(N,)``."""
    with np.load(locate("cifar10.npz"), allow_pickle=False) as archive:
        images, labels = archive[f"x_{part}"], archive[f"y_{part}"]
    return torch.from_numpy(images).permute(0, 3, 1, 2), torch.from_numpy(labels).long().flatten()


def enlarge(images: Tensor, pixels: int = PIXELS) -> Tensor:
    """Bilinear, and scaled to [-1, 1]: float32 ``(N, 3, pixels, pixels)``."""
    size = (pixels, pixels)
    return F.interpolate(images.float() / 127.5 - 1, size=size, mode="bilinear", antialias=False)


@dataclass(frozen=True)
class Enlarged(Dataset[tuple[Tensor, Tensor]]):
    """The first images of a part, enlarged when they are read.

    Attributes:
        images: uint8 ``(N, 3, 32, 32)``.
        targets: Classes, ``(N,)``.
    """

    images: Tensor
    targets: Tensor

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return enlarge(self.images[index : index + 1])[0], self.targets[index]
