"""A split that reads a map-style torch data set the way its owner's DataLoader does."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import ConcatDataset, DataLoader, Subset, TensorDataset

from workbench.data.splits import check_batch_size
from workbench.errors import DataError

SPOT_CHECKS = 32
LABEL_BATCH = 64


@dataclass(frozen=True, eq=False)
class LoaderSplit:
    """Labelled inputs behind a DataLoader, whose collate function and workers are kept.

    Batch size, order and dropping of the last batch are not: evaluation reads every input once.

    Attributes:
        dataset: Map-style data set.
        loader: The owner's DataLoader.
        where: What to call it in messages, such as ``"the train loader"``.
    """

    dataset: Any
    loader: DataLoader[Any]
    where: str

    def __len__(self) -> int:
        return len(self.dataset)

    @cached_property
    def labels(self) -> Tensor:
        """Class of every input, shape ``(N,)``, int64; may read the whole data set, once."""
        stored = self._stored_labels()
        if stored is not None:
            return stored
        return torch.cat([labels for _, labels in self.batches(LABEL_BATCH)])

    def batches(
        self, batch_size: int, *, shuffle: torch.Generator | None = None
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield float32 inputs ``(B, ...)`` and int64 labels ``(B,)``.

        Raises:
            DataError: If the loader gives anything else, or NaN or infinite inputs.
        """
        positions = torch.arange(len(self))
        if shuffle is not None:
            positions = torch.randperm(len(self), generator=shuffle)
        randomness = shuffle or torch.Generator().manual_seed(0)
        yield from self.batches_at(positions, batch_size, randomness=randomness)

    def batches_at(
        self, positions: Tensor, batch_size: int, *, randomness: torch.Generator
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the inputs and labels at `positions`, in that order."""
        check_batch_size(batch_size)
        loader = DataLoader(
            self.dataset,
            batch_size=batch_size,
            sampler=positions.tolist(),
            num_workers=self.loader.num_workers,
            collate_fn=self.loader.collate_fn,
            worker_init_fn=self.loader.worker_init_fn,
            multiprocessing_context=self.loader.multiprocessing_context,
            timeout=self.loader.timeout,
            generator=randomness,  # else each pass would draw from the global generator
        )
        for batch in loader:
            yield self._checked(batch)

    def _checked(self, batch: object) -> tuple[Tensor, Tensor]:
        if not isinstance(batch, tuple | list) or len(batch) != 2:
            raise DataError(
                f"{self.where} must give pairs (inputs, labels), got {_described(batch)}. "
                "Pass a collate_fn that returns such pairs."
            )
        inputs, labels = batch
        if not isinstance(inputs, Tensor) or not inputs.is_floating_point():
            raise DataError(
                f"{self.where} must give inputs as one floating-point tensor, got "
                f"{_described(inputs)}. Convert them in the data set's transform."
            )
        if not isinstance(labels, Tensor) or labels.dtype not in _INTEGERS:
            raise DataError(
                f"{self.where} must give labels as a tensor of integers, got "
                f"{_described(labels)}. Return class indices from the data set."
            )
        if labels.shape != inputs.shape[:1]:
            raise DataError(
                f"{self.where} must give one label for each input, shape "
                f"({len(inputs)},), got {tuple(labels.shape)}. Return class indices."
            )
        if not bool(torch.isfinite(inputs).all()):
            raise DataError(
                f"inputs of {self.where} must be finite, got NaN or infinite values in a batch of "
                f"{len(inputs)}. Remove or repair those inputs."
            )
        return inputs.float(), labels.long()

    def _stored_labels(self) -> Tensor | None:
        """Labels that the data set keeps, where they are what it returns; else None."""
        stored = _stored_labels(self.dataset)
        if stored is None or stored.shape != (len(self),) or stored.dtype not in _INTEGERS:
            return None
        # A transform, a __getitem__ or a collate function may change them: look at some.
        spots = torch.linspace(0, len(self) - 1, min(SPOT_CHECKS, len(self))).long()
        pairs = self.batches_at(spots, LABEL_BATCH, randomness=torch.Generator())
        seen = torch.cat([labels for _, labels in pairs])
        return stored.long() if torch.equal(stored[spots].long(), seen) else None


_INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


def _stored_labels(dataset: Any) -> Tensor | None:
    if isinstance(dataset, Subset):
        parent = _stored_labels(dataset.dataset)
        return None if parent is None else parent[torch.as_tensor(dataset.indices)]
    if isinstance(dataset, ConcatDataset):
        parts = [_stored_labels(part) for part in dataset.datasets]
        known = [part for part in parts if part is not None]
        return torch.cat(known) if len(known) == len(parts) else None
    if isinstance(dataset, TensorDataset):
        return dataset.tensors[1] if len(dataset.tensors) == 2 else None
    try:
        return torch.as_tensor(dataset.targets)
    except (AttributeError, TypeError, ValueError, RuntimeError):
        return None


def _described(value: object) -> str:
    if isinstance(value, Tensor):
        return f"{value.dtype} of shape {tuple(value.shape)}"
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    return f"a {type(value).__name__}"
