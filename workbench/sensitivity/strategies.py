"""What is run of a unit: every target on every input, or as little as tells how each answers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from workbench.progress import Monitor, Part
from workbench.sensitivity.routes import Logits, Run
from workbench.sensitivity.targets import AnyTarget

Labels = NDArray[np.int64]
AnyT = TypeVar("AnyT", bound=AnyTarget)


@dataclass(frozen=True, eq=False)
class Answers:
    """Scores of a target for all inputs of a portion.

    Attributes:
        target: The target.
        logits: Shape ``(inputs, classes)``.
        ran: For how many inputs the pruned model was run; the others are interpolated.
        surplus: How many more of the others are expected to be right than by their scores.
    """

    target: AnyTarget
    logits: Logits
    ran: int
    surplus: float = 0.0


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of a portion before any target is run.

    Attributes:
        logits: Scores of the model as it is.
        labels: Right classes.
        achieved: Ratio of the unit that is removed already.
    """

    logits: Logits
    labels: Labels
    achieved: float


class Strategy(Protocol):
    """Decides what is run."""

    name: str

    @property
    def settings(self) -> dict[str, Any]:
        """What its figures depend on; nothing if they are exact."""

    def ordered(self, targets: Sequence[AnyT]) -> list[AnyT]:
        """The targets in the order in which they are run; the first is run on all inputs."""

    def answers(
        self, targets: Sequence[AnyTarget], known: Known, run: Run, monitor: Monitor
    ) -> Iterator[Answers]:
        """Answers of every target, in any order; targets keep different channels or weights."""


class Exact:
    """Every target on every input."""

    name = "exact"

    @property
    def settings(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def ordered(self, targets: Sequence[AnyT]) -> list[AnyT]:
        """As they come."""
        return list(targets)

    def answers(
        self, targets: Sequence[AnyTarget], known: Known, run: Run, monitor: Monitor
    ) -> Iterator[Answers]:
        """Answers of every target, in order."""
        for place, target in enumerate(targets):
            part = Part(monitor, place, place + 1, len(targets))
            yield Answers(target, run(target, None, part), len(known.labels))


def margins(logits: Logits, labels: Labels) -> NDArray[Any]:
    """By how much the right class leads all others; negative where the answer is wrong."""
    places = np.arange(len(labels))
    others = logits.copy()
    others[places, labels] = -np.inf
    lead: NDArray[Any] = logits[places, labels] - others.max(axis=1)
    return lead
