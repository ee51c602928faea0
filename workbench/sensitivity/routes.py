"""Ways to run pruned models: in portions of the inputs, and on any of them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from workbench.onnx_graph import CutError
from workbench.progress import Monitor
from workbench.sensitivity.targets import AnyTarget

_TOLERANCE = 1e-3

Logits = NDArray[Any]
"""Class scores, shape ``(inputs, classes)``."""

Chosen = NDArray[np.bool_]
"""Which inputs of a portion are wanted, shape ``(inputs of the portion,)``."""

Run = Callable[[AnyTarget, Chosen | None, Monitor], Logits]
"""Scores of a target for the chosen inputs of a portion; for all of them without a choice."""


@dataclass(frozen=True)
class Portion:
    """Some of the inputs, made ready for the targets of one unit.

    Attributes:
        rows: Which of all inputs these are.
        run: Runs one of the targets.
    """

    rows: slice
    run: Run = field(repr=False)


def check_scores(expected: Logits, found: Logits, what: str) -> None:
    """Compare what another way of running a model found with what its module answers.

    Args:
        expected: Of the module, for the first inputs.
        found: Of the other way, for as many inputs or more.
        what: The model, for the message.

    Raises:
        CutError: If they differ by more than rounding.
    """
    count = min(len(expected), len(found))
    difference = float(np.abs(expected[:count] - found[:count]).max())
    limit = _TOLERANCE * max(1.0, float(np.abs(expected).max()))
    if not difference <= limit:
        raise CutError(
            f"outputs of {what} must be those of the pruned module to {limit:.2g}, but "
            f"ONNX Runtime's differ by {difference:.2g}."
        )


class Route(Protocol):
    """Runs a model and its targets."""

    name: str

    def baseline(self, monitor: Monitor) -> Logits:
        """Scores of the model as it is, for all inputs."""

    def portions(self, targets: Sequence[AnyTarget]) -> Iterator[Portion]:
        """All inputs, in order, for targets of one unit, given in the order they will be run.

        Raises:
            CutError: From here or from a portion's `run`: if this route cannot run the unit.
        """
