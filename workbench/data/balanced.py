"""Seeded, class-balanced choice of a few images among many."""

import torch
from torch import Tensor

from workbench.errors import DataError


def balanced_indices(labels: Tensor, count: int, *, seed: int) -> Tensor:
    """Choose `count` positions so that every class occurs equally often, as far as it can.

    A class with too few images gives all it has, and the others share what is missing. The same
    arguments always give the same choice.

    Args:
        labels: Class of every image, shape ``(N,)``, int64.
        count: How many to choose, at least 1; more than N chooses all.
        seed: Which of each class's images are chosen.

    Returns:
        Positions in `labels`, ascending, shape ``(min(count, N),)``, int64.

    Raises:
        DataError: If `count` is below 1.
    """
    if count < 1:
        raise DataError(f"count of a class-balanced choice must be at least 1, got {count}.")
    shuffled = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    by_class = shuffled[torch.argsort(labels[shuffled], stable=True)]
    sizes = torch.bincount(labels)
    starts = sizes.cumsum(0) - sizes
    turn = torch.arange(len(labels)) - starts[labels[by_class]]
    # Deal in turns: everybody's first image, everybody's second, until there are enough.
    dealt = by_class[torch.argsort(turn, stable=True)]
    return dealt[:count].sort().values
