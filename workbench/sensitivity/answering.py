"""Targets of one unit run by a route: right answers and losses added up as they come."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from workbench.progress import Monitor, Part
from workbench.sensitivity.cache import Entry
from workbench.sensitivity.points import Figures
from workbench.sensitivity.routes import Logits, Route
from workbench.sensitivity.strategies import Known, Strategy
from workbench.sensitivity.targets import AnyTarget

Answered = Iterator[tuple[str, Entry]]


def answered(
    route: Route,
    strategy: Strategy,
    targets: Sequence[AnyTarget],
    known: Known,
    monitor: Monitor,
) -> Answered:
    """Figures of targets of one unit, by their digests, each as soon as it is known.

    Args:
        route: Runs them.
        strategy: Decides on which inputs.
        targets: They keep different channels or weights.
        known: What is known of all inputs.
        monitor: Receives progress; may cancel.

    Raises:
        CutError: If the route cannot run the unit.
        Cancelled: If the monitor was cancelled.
    """
    count, labels = len(known.labels), torch.from_numpy(known.labels)
    tallies = {target.digest: Tally() for target in targets}
    for portion in route.portions(strategy.ordered(targets)):
        rows = portion.rows
        here = Known(known.logits[rows], known.labels[rows], known.achieved)
        part = Part(monitor, rows.start, rows.stop, count)
        for found in strategy.answers(targets, here, portion.run, part):
            tally = tallies[found.target.digest]
            tally.add(found.logits, labels[rows], found.ran, here.logits, found.surplus)
            if tally.count == count:
                yield found.target.digest, Entry(tally.figures(), route.name, tally.ran)


class Tally:
    """Adds up right answers, losses and divergences.

    Attributes:
        count: Inputs added so far.
        ran: On how many of them the model was run.
    """

    def __init__(self) -> None:
        self.count, self.ran = 0, 0
        self._right, self._loss, self._divergence = 0.0, 0.0, 0.0

    def add(
        self, logits: Logits, labels: Tensor, ran: int, before: Logits, surplus: float = 0.0
    ) -> None:
        """Add inputs.

        Args:
            logits: Their scores.
            labels: Right classes.
            ran: On how many of them the model was run.
            before: Scores of the model as it is.
            surplus: How many more are expected to be right than by their scores.
        """
        scores, whole = _doubles(logits), _doubles(before)
        self._right += int((scores.argmax(1) == labels).sum()) + surplus
        self._loss += F.cross_entropy(scores, labels, reduction="sum").item()
        self._divergence += F.kl_div(
            F.log_softmax(scores, 1), F.log_softmax(whole, 1), reduction="sum", log_target=True
        ).item()
        self.count += len(labels)
        self.ran += ran

    def figures(self) -> Figures:
        """Accuracy, mean loss and mean divergence of what was added."""
        divergence = max(self._divergence / self.count, 0.0)  # rounding may leave less than nothing
        accuracy = min(max(self._right / self.count, 0.0), 1.0)
        return Figures(accuracy, self._loss / self.count, self.count, divergence)


def figures_of(logits: Logits, labels: Any) -> Figures:
    """Figures of the model as it is, from its scores for all inputs."""
    tally = Tally()
    tally.add(logits, labels, len(logits), logits)
    return tally.figures()


def _doubles(logits: Logits) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(logits)).double()
