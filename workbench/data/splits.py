"""Splits that live in memory, and splits that are a part of another split."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from workbench.data.dataset import Split
from workbench.data.normalization import Normalization
from workbench.errors import DataError


class IndexedSplit(Split, Protocol):
    """A split that can also be read at chosen positions."""

    def batches_at(
        self, positions: Tensor, batch_size: int, *, randomness: torch.Generator
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the inputs and labels at `positions`, in that order.

        `randomness` seeds augmentation that runs in worker processes.
        """


@dataclass(frozen=True, eq=False)
class ArraySplit:
    """Images and labels held in memory.

    Attributes:
        images: Shape ``(N, C, H, W)``; uint8, read as 0 to 1, or float32, read as it is.
        labels: Shape ``(N,)``, int64.
        normalization: Applied per channel once the images are float, if any.
    """

    images: Tensor
    labels: Tensor
    normalization: Normalization | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def batches(
        self, batch_size: int, *, shuffle: torch.Generator | None = None
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield normalised float32 ``(B, C, H, W)`` and int64 ``(B,)``."""
        if shuffle is not None:
            order = torch.randperm(len(self), generator=shuffle)
            yield from self.batches_at(order, batch_size, randomness=shuffle)
            return
        # Slices, not index lists: reading in order copies nothing but the batch itself.
        for start in _starts(len(self), batch_size):
            part = slice(start, start + batch_size)
            yield self._floats(self.images[part]), self.labels[part]

    def batches_at(
        self, positions: Tensor, batch_size: int, *, randomness: torch.Generator
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the inputs and labels at `positions`, in that order."""
        for start in _starts(len(positions), batch_size):
            chosen = positions[start : start + batch_size]
            yield self._floats(self.images[chosen]), self.labels[chosen]

    def _floats(self, images: Tensor) -> Tensor:
        # Always a new, contiguous tensor: nobody downstream can write into the data set, and
        # arrays stored channels-last do not change how convolutions run.
        floats = images.to(torch.float32, memory_format=torch.contiguous_format, copy=True)
        if images.dtype == torch.uint8:
            floats /= 255
        return floats if self.normalization is None else self.normalization.apply_(floats)


@dataclass(frozen=True, eq=False)
class SubsetSplit:
    """Some positions of another split, without a copy.

    Attributes:
        parent: Where the images are.
        positions: Positions in `parent`, shape ``(N,)``, int64.
    """

    parent: IndexedSplit
    positions: Tensor

    @property
    def labels(self) -> Tensor:
        """Class of every input, shape ``(N,)``, int64."""
        return self.parent.labels[self.positions]

    def __len__(self) -> int:
        return len(self.positions)

    def batches(
        self, batch_size: int, *, shuffle: torch.Generator | None = None
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield ``(inputs, labels)`` of the subset, as the parent gives them."""
        positions = self.positions
        if shuffle is not None:
            positions = positions[torch.randperm(len(positions), generator=shuffle)]
        randomness = shuffle or torch.Generator().manual_seed(0)
        yield from self.parent.batches_at(positions, batch_size, randomness=randomness)

    def batches_at(
        self, positions: Tensor, batch_size: int, *, randomness: torch.Generator
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the inputs and labels at `positions` of the subset, in that order."""
        yield from self.parent.batches_at(
            self.positions[positions], batch_size, randomness=randomness
        )


def in_memory(split: Split, *, batch_size: int = 64) -> ArraySplit:
    """Read a split once and keep its inputs, so that reading it again costs nothing."""
    inputs, labels = zip(*split.batches(batch_size), strict=True)
    return ArraySplit(torch.cat(inputs), torch.cat(labels))


def _starts(count: int, batch_size: int) -> range:
    check_batch_size(batch_size)
    return range(0, count, batch_size)


def check_batch_size(batch_size: int) -> None:
    """Raise `DataError` unless `batch_size` is at least 1."""
    if batch_size < 1:
        raise DataError(f"batch_size must be at least 1, got {batch_size}. Use 64, for example.")
