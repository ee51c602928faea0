"""What an allocator is: a rule that shrinks a network step by step."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from workbench.allocation.problem import Problem
from workbench.progress import SILENT, Monitor


class Allocator(ABC):
    """A rule that says how much of every unit to keep, for any budget.

    Class attributes:
        name: How code calls it.
        title: How a person reads it.
        summary: What it does, in a sentence for somebody who has never heard of it.
        reference: Where it comes from.
        needs_sensitivity: Whether it needs measured curves.
        needs_scores: Whether it needs the importance of channels.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str]
    reference: ClassVar[str]
    needs_sensitivity: ClassVar[bool] = False
    needs_scores: ClassVar[bool] = False

    @abstractmethod
    def path(self, problem: Problem, metric: str, monitor: Monitor = SILENT) -> np.ndarray:
        """Ever smaller networks, from the largest allowed to the smallest.

        Args:
            problem: What may be chosen.
            metric: The cost that is to shrink.
            monitor: Told how far it is; may cancel.

        Returns:
            Counts kept, shape ``(points, units)``; the cost never rises from row to row.
        """

    def within(
        self, problem: Problem, metric: str, share: float, path: np.ndarray | None = None
    ) -> np.ndarray | None:
        """The best counts this rule finds that cost at most `share` of the dense model.

        Args:
            problem: What may be chosen.
            metric: The cost in question.
            share: Fraction of the dense model's cost.
            path: What `path` gives, if it is known already.

        Returns:
            Shape ``(units,)``; None if even the smallest network costs more.
        """
        path = self.path(problem, metric) if path is None else path
        return first_within(problem, metric, share, path)


def first_within(
    problem: Problem, metric: str, share: float, path: np.ndarray
) -> np.ndarray | None:
    """The first network on a path that costs at most `share` of the dense model; None if none."""
    fits = np.flatnonzero(problem.share(metric, path) <= share + 1e-9)
    return path[fits[0]] if len(fits) else None
