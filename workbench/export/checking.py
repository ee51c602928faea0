"""The proof that a file computes what the model does: both run on the same inputs, compared."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from workbench.data.dataset import Split
from workbench.errors import DataError, ExportError
from workbench.modes import evaluation_mode
from workbench.progress import SILENT, Monitor

Array = NDArray[Any]
Run = Callable[[Array], Array]
"""One batch of inputs in, the model's outputs for it."""

TOLERANCE = 1e-4
"""How far an output may be off where only rounding differs, as a share of the largest output."""

_VERIFY_BATCH = 256
_BATCH_NUMBERS = 2**22  # 16 MB of inputs: what a network makes of them is many times that


@dataclass(frozen=True)
class Check:
    """How a file, run on inputs, compares with the PyTorch model."""

    max_difference: float
    """Largest absolute difference between two outputs over all inputs."""

    top1_agreement: float
    """Fraction of inputs for which both name the same class, in [0, 1]."""

    inputs: int
    """Number of inputs compared."""

    accuracy: float | None = None
    """Fraction of the inputs that the file classifies correctly, in [0, 1]."""

    largest_output: float = 1.0
    """Largest absolute output of the PyTorch model: what differences are small beside."""

    ties: int = 0
    """Inputs on which the two name different classes that PyTorch has equal, but for rounding."""

    @property
    def disagreements(self) -> int:
        """Number of inputs for which the two name different classes, ties included."""
        return round((1 - self.top1_agreement) * self.inputs)

    @property
    def is_rounding(self) -> bool:
        """Whether nothing but rounding sets the two apart."""
        near = self.max_difference <= TOLERANCE * max(1.0, self.largest_output)
        return near and self.disagreements == self.ties

    @property
    def verdict(self) -> str:
        """In a few words, what the comparison says."""
        if self.disagreements == 0:
            return f"the same class for all {self.inputs:,} inputs"
        if self.disagreements == self.ties:
            return f"the same class for all {self.inputs:,} inputs but {self.ties} ties"
        return f"another class for {self.disagreements:,} of {self.inputs:,} inputs"


@dataclass(frozen=True, eq=False)
class Reference:
    """What the PyTorch model answers on a split, computed once for all files.

    Attributes:
        split: The inputs, and their labels.
        outputs: By batch, in the split's order.
        batch_size: Of the batches.
    """

    split: Split
    outputs: tuple[Array, ...] = field(repr=False)
    batch_size: int

    @classmethod
    def of(cls, model: nn.Module, split: Split, *, monitor: Monitor = SILENT) -> "Reference":
        """Run the model, on the CPU and in evaluation mode; it is left as it was.

        Raises:
            DataError: If the split is empty.
            Cancelled: If the monitor was cancelled; it is told after every batch.
        """
        total = len(split)
        if total == 0:
            raise DataError("verifying an export needs at least 1 input, got a split with 0.")
        first, _ = next(split.batches(1))
        batch_size = max(1, min(_VERIFY_BATCH, _BATCH_NUMBERS // max(1, first.numel())))
        outputs, done = [], 0
        with evaluation_mode(model), torch.inference_mode():
            monitor.report(0, total, "running the PyTorch model")
            for inputs, _ in split.batches(batch_size):
                outputs.append(model(inputs).numpy())
                done += len(inputs)
                monitor.report(done, total, "running the PyTorch model")
        return cls(split, tuple(outputs), batch_size)

    def compare(self, run: Run, *, monitor: Monitor = SILENT, what: str = "file") -> Check:
        """Run something else on the same inputs.

        Args:
            run: Takes a batch of inputs, and may raise anything.
            monitor: Told after every batch.
            what: What to call it in messages.

        Raises:
            ExportError: If it cannot run, or its outputs have another shape.
            Cancelled: If the monitor was cancelled.
        """
        tally, total = _Tally(), len(self.split)
        batches = self.split.batches(self.batch_size)
        monitor.report(0, total, f"verifying {what}")
        for (inputs, labels), expected in zip(batches, self.outputs, strict=True):
            tally.add(_answers(run, inputs, expected, what), expected, labels.numpy())
            monitor.report(tally.inputs, total, f"verifying {what}")
        return tally.check(self.largest_output, self.outputs)

    @property
    def largest_output(self) -> float:
        """Largest absolute output."""
        return max(float(np.abs(batch).max()) for batch in self.outputs)


class _Tally:
    """Counts over batches."""

    def __init__(self) -> None:
        self.inputs = self.choices = self.agreed = self.correct = self.labelled = 0
        self.difference = 0.0
        self.margins: list[float] = []

    def add(self, actual: Array, expected: Array, labels: Array) -> None:
        # np.maximum lets a nan through, where Python's max would drop it.
        self.difference = float(np.maximum(self.difference, np.abs(actual - expected).max()))
        chosen, wanted = actual.argmax(1), expected.argmax(1)
        self.choices += chosen.size
        self.agreed += int((chosen == wanted).sum())
        self.inputs += len(actual)
        if chosen.shape == labels.shape:
            self.correct += int((chosen == labels).sum())
            self.labelled += len(labels)
            for place in np.flatnonzero(chosen != wanted):
                scores = expected[place]
                self.margins.append(float(scores[wanted[place]] - scores[chosen[place]]))

    def check(self, largest: float, outputs: tuple[Array, ...]) -> Check:
        near = 2 * TOLERANCE * max(1.0, largest)
        return Check(
            self.difference,
            self.agreed / self.choices,
            self.inputs,
            accuracy=self.correct / self.labelled if self.labelled else None,
            largest_output=largest,
            ties=sum(margin <= near for margin in self.margins),
        )


def _answers(run: Run, inputs: Tensor, expected: Array, what: str) -> Array:
    try:
        actual = run(inputs.numpy())
    except Exception as error:  # the runtimes' own exceptions share no base class
        raise ExportError(
            f"{what} cannot be run on inputs of shape {tuple(inputs.shape)}: "
            f"{str(error).splitlines()[0] if str(error) else type(error).__name__}. "
            "Export it again with an example of that shape."
        ) from error
    if actual.shape != expected.shape:
        raise ExportError(
            f"{what} must return shape {expected.shape} as the PyTorch model does, got "
            f"{actual.shape}. Export this very model again."
        )
    return actual
