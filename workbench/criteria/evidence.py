"""Evidence: what a bounded sample of the training data says of a model."""

import copy
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from workbench.errors import CriterionError, DataError
from workbench.progress import SILENT, Monitor

BATCH_SIZE = 32
BATCHES = 8
"""Evidence is gathered over at most ``BATCH_SIZE * BATCHES`` = 256 training inputs."""

Batches = Iterable[tuple[Tensor, Tensor]]
"""Inputs ``(B, ...)`` with class labels ``(B,)``."""

Loss = Callable[[Any, Tensor], Tensor]
"""From a model's outputs and the labels to the mean loss, a scalar."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """Figures from training data, of one model and for one criterion.

    Attributes:
        weights: By parameter name, one figure per element, in the parameter's current shape.
        channels: By group name, one figure per channel that is left, shape ``(left,)``.
    """

    weights: Mapping[str, Tensor] = field(default_factory=dict)
    channels: Mapping[str, np.ndarray] = field(default_factory=dict)


NOTHING = Evidence()


@dataclass(frozen=True, eq=False)
class TrainingSample:
    """The first 256 inputs of some training data, read in batches of 32 or one by one.

    Attributes:
        data: Batches of any size; only as many as needed are read.
        loss: What training minimises.
        device: Where inputs are sent.
        monitor: Told after every batch or input.
    """

    data: Batches
    loss: Loss
    device: torch.device
    monitor: Monitor = SILENT

    def batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """At most 8 batches of at most 32 inputs."""
        return self._reported(BATCH_SIZE, BATCHES)

    def one_by_one(self) -> Iterator[tuple[Tensor, Tensor]]:
        """At most 256 batches of one input, whose gradients are those of single inputs."""
        return self._reported(1, BATCHES * BATCH_SIZE)

    def loss_of(self, module: nn.Module, inputs: Tensor, labels: Tensor) -> Tensor:
        """Mean loss of a batch.

        Raises:
            CriterionError: If it is not a finite number.
        """
        loss = self.loss(module(inputs), labels)
        if not math.isfinite(value := float(loss.detach())):
            raise CriterionError(
                f"the loss on training data must be a finite number, got {value}: no importance "
                "can be read off it. Check the data, or open an earlier checkpoint."
            )
        return loss

    def _reported(self, size: int, most: int) -> Iterator[tuple[Tensor, Tensor]]:
        self.monitor.report(0, most, "reading training data")
        number = 0
        for inputs, labels in itertools.islice(_pieces(self.data, size), most):
            yield inputs.to(self.device), labels.to(self.device)
            number += 1
            self.monitor.report(number, most, "reading training data")
        if not number:
            raise DataError(
                "scoring by training data needs at least 1 labelled input, got 0. Check how the "
                "data was divided; an iterator that was read before is empty."
            )


@contextmanager
def working_copy(module: nn.Module) -> Iterator[nn.Module]:
    """A copy to take gradients of: evaluation mode, nothing frozen.

    The module itself is never run, so nothing of it can change, whatever happens; random numbers
    drawn meanwhile are not taken from the user's generator.
    """
    with torch.inference_mode(False), torch.enable_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        copied = copy.deepcopy(module).eval()
        for parameter in copied.parameters():
            parameter.grad = None
            parameter.requires_grad_(parameter.is_floating_point())
        yield copied


def _pieces(data: Batches, size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """The data in batches of at most `size`."""
    for number, batch in enumerate(data):
        pair = isinstance(batch, tuple | list) and len(batch) == 2
        if not pair or not all(isinstance(part, Tensor) for part in batch):
            raise DataError(
                f"training data must give pairs of tensors (inputs, labels), got a "
                f"{type(batch).__name__} as batch {number}. Pass a DataLoader, for example."
            )
        inputs, labels = batch
        for start in range(0, len(labels), size):
            yield inputs[start : start + size], labels[start : start + size]
