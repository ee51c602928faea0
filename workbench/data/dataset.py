"""What every data source becomes: four splits, the classes, and an example input.

Validation, test and probe set as the workbench means them: sensitivity, early stopping and the
probe set only see validation data; final figures come from test data.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


class Split(Protocol):
    """Labelled inputs that can be read in batches, any number of times."""

    @property
    def labels(self) -> Tensor:
        """Class of every input, shape ``(N,)``, int64, in the order of unshuffled batches."""

    def __len__(self) -> int:
        """Number of inputs, N."""

    def batches(
        self, batch_size: int, *, shuffle: torch.Generator | None = None
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield ``(inputs, labels)``: normalised float32 ``(B, C, H, W)`` and int64 ``(B,)``.

        With `shuffle`, in an order drawn from that generator; the last batch may be smaller.
        """


@dataclass(frozen=True)
class Dataset:
    """Opened data.

    Attributes:
        name: What a person calls it, such as ``"digits"``.
        classes: Class names, in label order.
        input_shape: Shape of one input, without the batch dimension.
        train, validation, test: The splits.
        probe: Small, fixed, class-balanced subset of `validation`, for live accuracy.
        notes: Sentences on how the splits came about, to show beside reported figures.
    """

    name: str
    classes: tuple[str, ...]
    input_shape: tuple[int, ...]
    train: Split
    validation: Split
    test: Split
    probe: Split
    notes: tuple[str, ...] = ()

    def example_input(self, batch_size: int = 1) -> Tensor:
        """The first validation inputs, shape ``(batch_size, *input_shape)``."""
        inputs, _ = next(self.validation.batches(batch_size))
        return inputs
