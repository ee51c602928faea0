"""Inputs as pictures that a person can look at."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from workbench.data.dataset import Split
from workbench.data.normalization import Normalization
from workbench.data.splits import ArraySplit, SubsetSplit

LARGEST_SIDE = 64
"""Larger pictures are shrunk to this many pixels."""

_BATCH = 64


def pictures(split: Split, indices: Sequence[int]) -> np.ndarray | None:
    """Some inputs of a split as pictures, their normalisation undone where it is known.

    Values outside [0, 1] after that are stretched, picture by picture.

    Args:
        split: Where they are.
        indices: Positions in the split.

    Returns:
        Shape ``(len(indices), height, width, 3)``, uint8; None if the inputs are no images of 1, 3
        or 4 channels (the fourth, usually alpha, is left out), or there are no indices.
    """
    if not len(indices):
        return None
    inputs = _inputs_at(split, indices)
    if inputs.ndim != 4 or inputs.shape[1] not in (1, 3, 4):
        return None
    normalization = normalization_of(split)
    images = inputs if normalization is None else normalization.undo(inputs)
    images = _within_unit_range(_small(images[:, :3]))
    drawn = (images * 255).round().to(torch.uint8).permute(0, 2, 3, 1)
    return drawn.expand(-1, -1, -1, 3).numpy()


def _inputs_at(split: Split, indices: Sequence[int]) -> Tensor:
    """Read only these where the split can do that, else all up to the last."""
    wanted = torch.as_tensor(indices, dtype=torch.int64)
    if hasattr(split, "batches_at"):
        randomness = torch.Generator().manual_seed(0)
        read = split.batches_at(wanted, _BATCH, randomness=randomness)
        return torch.cat([inputs for inputs, _ in read])
    found: list[Tensor] = []
    for inputs, _ in split.batches(_BATCH):
        found.append(inputs)
        if sum(map(len, found)) > int(wanted.max()):
            break
    return torch.cat(found)[wanted]


def normalization_of(split: Split) -> Normalization | None:
    """How the images of a split were normalised, if they were and it is known."""
    while isinstance(split, SubsetSplit):
        split = split.parent
    return split.normalization if isinstance(split, ArraySplit) else None


def _small(images: Tensor) -> Tensor:
    height, width = images.shape[-2:]
    factor = max(height, width) / LARGEST_SIDE
    if factor <= 1:
        return images
    return F.adaptive_avg_pool2d(
        images, (max(1, round(height / factor)), max(1, round(width / factor)))
    )


def _within_unit_range(images: Tensor) -> Tensor:
    low, high = images.amin((1, 2, 3), keepdim=True), images.amax((1, 2, 3), keepdim=True)
    stretched = (images - low) / (high - low).clamp(min=1e-12)
    fits = (low >= -1e-3) & (high <= 1 + 1e-3)  # but for rounding
    return torch.where(fits, images, stretched).clamp(0, 1)
