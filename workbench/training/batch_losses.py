"""The losses of an epoch's batches: read off the device in bundles, checked, and reported."""

import math
import time
from collections.abc import Callable

import torch
from torch import Tensor

from workbench.errors import TrainingError
from workbench.events import BatchTrained, Event

READ_EVERY_S = 0.1
"""A GPU works ahead of Python; reading a number off it makes it wait, so it is asked seldom."""


class Diverged(TrainingError):  # noqa: N818 - said of the training, not of a call
    """Losses, outputs or weights are no finite numbers any more."""


class BatchLosses:
    """Takes the loss of every batch; the CPU's are read at once, a GPU's some at a time.

    Args:
        report: Receives `BatchTrained` for each of them, in order.
        read_every_s: How long losses may wait to be read.
    """

    def __init__(self, report: Callable[[Event], None], read_every_s: float) -> None:
        self._report, self._read_every_s = report, read_every_s
        self._waiting: list[tuple[float, float, Tensor]] = []
        self._read_at = time.monotonic()
        self._sum, self._count = 0.0, 0

    @classmethod
    def on(cls, device: torch.device, report: Callable[[Event], None]) -> "BatchLosses":
        """Losses that are computed on a device."""
        return cls(report, 0.0 if device.type == "cpu" else READ_EVERY_S)

    @property
    def mean(self) -> float:
        """Mean of all losses that were read, in nats."""
        return self._sum / self._count

    def add(self, epoch: float, learning_rate: float, loss: Tensor) -> None:
        """Take a loss, a scalar; errors as for `read`."""
        self._waiting.append((epoch, learning_rate, loss))
        if not self._read_every_s or time.monotonic() - self._read_at >= self._read_every_s:
            self.read()

    def read(self) -> None:
        """Read what waits.

        Raises:
            Diverged: If a loss is not a finite number; those before it are reported.
        """
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        losses = [loss for _, _, loss in waiting]
        values = [losses[0].item()] if len(losses) == 1 else torch.stack(losses).tolist()
        for (epoch, learning_rate, _), value in zip(waiting, values, strict=True):
            if not math.isfinite(value):
                raise Diverged(f"the training loss must be a finite number, got {value}")
            self._sum += value
            self._count += 1
            self._report(BatchTrained(epoch, value, learning_rate))
        self._read_at = time.monotonic()
