"""Augmentation: every batch of images a little different each time it is seen."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.errors import TrainingError

PAD_SHARE = 1 / 8
"""Of a side: 4 pixels of CIFAR's 32, 1 of the digits' 8."""

COLOURS = 3


@dataclass(frozen=True)
class Augmentation:
    """Shifted images, some of them mirrored.

    Attributes:
        shift: By up to so many pixels in each direction, shape ``(vertical, horizontal)``.
        flip: Whether every second image, by chance, is mirrored left to right.

    Reference:
        He et al., Deep Residual Learning for Image Recognition, arXiv:1512.03385, section 4.2.
    """

    shift: tuple[int, int]
    flip: bool

    @property
    def words(self) -> str:
        """What is done, for people."""
        mirrored = " and mirrored half of the time" if self.flip else ""
        pixels = "1 pixel" if max(self.shift) == 1 else f"{max(self.shift)} pixels"
        return f"training images were shifted by up to {pixels}{mirrored}"

    def __call__(self, images: Tensor, random: torch.Generator) -> Tensor:
        """Images ``(B, C, H, W)`` in a new tensor, each changed in its own way."""
        count, channels, height, width = images.shape
        # Mirrored edges need no colour for what lies outside, whatever the normalisation.
        down, across = self.shift
        padded = F.pad(images, (across, across, down, down), mode="reflect")
        rows = torch.arange(height) + _drawn(count, 2 * down + 1, random)
        columns = torch.arange(width).expand(count, width)
        if self.flip:
            flipped = _drawn(count, 2, random) == 1
            columns = torch.where(flipped, columns.flip(1), columns)
        columns = columns + _drawn(count, 2 * across + 1, random)
        return padded[
            torch.arange(count).view(-1, 1, 1, 1),
            torch.arange(channels).view(1, -1, 1, 1),
            rows.view(count, 1, height, 1),
            columns.view(count, 1, 1, width),
        ]


def _drawn(count: int, below: int, random: torch.Generator) -> Tensor:
    return torch.randint(below, (count, 1), generator=random)


def _crop(dataset: Dataset) -> Augmentation:
    height, width = dataset.input_shape[1:]
    return Augmentation((_pad(height), _pad(width)), flip=False)


def _crop_flip(dataset: Dataset) -> Augmentation:
    return Augmentation(_crop(dataset).shift, flip=True)


def _standard(dataset: Dataset) -> Augmentation:
    # A mirrored digit or letter is another one, or none; a mirrored photograph is a photograph.
    return (_crop_flip if dataset.input_shape[0] == COLOURS else _crop)(dataset)


def _pad(side: int) -> int:
    return max(round(side * PAD_SHARE), min(1, side - 1))


AUGMENTATIONS: dict[str, Callable[[Dataset], Augmentation] | None] = {
    "none": None,
    "standard": _standard,
    "crop": _crop,
    "crop-flip": _crop_flip,
}


def augmentation_for(name: str, dataset: Dataset) -> Augmentation | None:
    """The augmentation of one of `AUGMENTATIONS` that suits some data; None for none.

    Raises:
        TrainingError: If the data are no images.
    """
    make = AUGMENTATIONS[name]
    if make is None:
        return None
    if len(dataset.input_shape) != 3:
        raise TrainingError(
            f"augmentation {name!r} needs images of shape (C, H, W), got inputs of shape "
            f"{dataset.input_shape} from {dataset.name!r}. Use augmentation='none'."
        )
    return make(dataset)
