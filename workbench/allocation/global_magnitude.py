"""One threshold on the importance of all channels of all units."""

import numpy as np

from workbench.allocation.base import Allocator
from workbench.allocation.problem import Problem

_POINTS = 400


class GlobalMagnitude(Allocator):
    """All channels are ranked together by the plan's criterion; the least important go first.

    Reference:
        Liu et al., Learning Efficient Convolutional Networks through Network Slimming,
        arXiv:1708.06519, section 3.
    """

    name = "global"
    title = "Global ranking"
    reference = "arXiv:1708.06519"

    def path(self, problem: Problem, metric: str) -> np.ndarray:
        everything = np.sort(np.concatenate(problem.ranks))
        steps = np.linspace(0, len(everything) - 1, _POINTS).round().astype(int)
        rows = [problem.allowed(self._kept(problem, everything[step])) for step in steps]
        return np.unique(np.array(rows), axis=0)[::-1]

    def _kept(self, problem: Problem, threshold: float) -> np.ndarray:
        return np.array(
            [len(rank) - np.searchsorted(rank, threshold, side="left") for rank in problem.ranks]
        )
