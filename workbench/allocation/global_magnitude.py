"""One threshold on the importance of all channels of all units."""

import numpy as np

from workbench.allocation.base import Allocator
from workbench.allocation.problem import Problem
from workbench.progress import SILENT, Monitor

_POINTS = 400


class GlobalMagnitude(Allocator):
    """All channels are ranked together by the plan's criterion; the least important go first.

    Reference:
        Liu et al., Learning Efficient Convolutional Networks through Network Slimming,
        arXiv:1708.06519, section 3.
    """

    name = "global"
    title = "one ranking"
    summary = (
        "Ranks the channels of all layers together by the plan's criterion and removes the lowest; "
        "it asks neither what they cost nor how sensitive a layer is."
    )
    reference = "arXiv:1708.06519"
    needs_scores = True

    def path(self, problem: Problem, metric: str, monitor: Monitor = SILENT) -> np.ndarray:
        assert problem.ranks is not None
        everything = np.sort(np.concatenate(problem.ranks))
        steps = np.linspace(0, len(everything) - 1, _POINTS).round().astype(int)
        rows = [problem.allowed(_kept(problem.ranks, everything[step])) for step in steps]
        return np.unique(np.array(rows), axis=0)[::-1]


def _kept(ranks: tuple[np.ndarray, ...], threshold: float) -> np.ndarray:
    return np.array([len(rank) - np.searchsorted(rank, threshold, side="left") for rank in ranks])
