"""What an allocator is: a rule that shrinks a network step by step."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from workbench.allocation.problem import Problem


class Allocator(ABC):
    """A rule that says how much of every unit to keep, for any budget.

    Class attributes:
        name: How code calls it.
        title: How a person reads it.
        reference: Where it comes from.
        needs_sensitivity: Whether it needs measured curves.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    reference: ClassVar[str]
    needs_sensitivity: ClassVar[bool] = False

    @abstractmethod
    def path(self, problem: Problem, metric: str) -> np.ndarray:
        """Ever smaller networks, from the largest allowed to the smallest.

        Args:
            problem: What may be chosen.
            metric: The cost that is to shrink.

        Returns:
            Counts kept, shape ``(points, units)``; the cost never rises from row to row.
        """

    def within(self, problem: Problem, metric: str, share: float) -> np.ndarray | None:
        """The best counts this rule finds that cost at most `share` of the dense model.

        Returns:
            Shape ``(units,)``; None if even the smallest network costs more.
        """
        path = self.path(problem, metric)
        fits = np.flatnonzero(problem.share(metric, path) <= share + 1e-9)
        return path[fits[0]] if len(fits) else None
