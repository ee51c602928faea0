"""Per-channel normalisation of images that are scaled to [0, 1]."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import torch
from torch import Tensor

from workbench.errors import DataError

Normalize = Sequence[Sequence[float]]
"""``((mean, ...), (std, ...))``, per channel, for images scaled to [0, 1]."""


@dataclass(frozen=True)
class Normalization:
    """Subtract `mean` and divide by `std`, one number for each channel."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def apply_(self, images: Tensor) -> Tensor:
        """Normalise float `images`, shape ``(B, C, H, W)``, in place; returns them."""
        mean = torch.tensor(self.mean).view(-1, 1, 1)
        std = torch.tensor(self.std).view(-1, 1, 1)
        return images.sub_(mean).div_(std)

    def undo(self, images: Tensor) -> Tensor:
        """Images as they were, shape ``(B, C, H, W)``, in a new tensor."""
        return images * torch.tensor(self.std).view(-1, 1, 1) + torch.tensor(self.mean).view(
            -1, 1, 1
        )


def read_normalization(normalize: Normalize | None, channels: int) -> Normalization | None:
    """Check what the user gave as ``normalize=((mean, ...), (std, ...))``.

    Raises:
        DataError: If it is not a pair, has another number of channels than the images, or
            holds a value that cannot be used.
    """
    if normalize is None:
        return None
    remedy = "Write normalize=((mean, ...), (std, ...)), for images scaled to [0, 1]."
    try:
        mean, std = (tuple(float(value) for value in values) for values in normalize)
    except (TypeError, ValueError):
        raise DataError(
            f"normalize must be two sequences of numbers, got {normalize!r}. {remedy}"
        ) from None
    for name, values in (("mean", mean), ("std", std)):
        if len(values) != channels:
            raise DataError(
                f"normalize needs one {name} for each of the {channels} image channels, "
                f"got {len(values)}: {values}. {remedy}"
            )
        if not all(isfinite(value) for value in values):
            raise DataError(f"normalize's {name} must be finite, got {values}. {remedy}")
    if min(std) <= 0:
        raise DataError(f"normalize's std must be above 0, got {std}. {remedy}")
    return Normalization(mean, std)
