"""The same ratio for every unit."""

import numpy as np

from workbench.allocation.base import Allocator
from workbench.allocation.problem import Problem
from workbench.progress import SILENT, Monitor

_POINTS = 400


class Uniform(Allocator):
    """Every unit loses the same fraction: what one does who knows nothing of the network.

    Reference:
        The baseline of Blalock et al., What is the State of Neural Network Pruning?,
        arXiv:2003.03033.
    """

    name = "uniform"
    title = "same ratio"
    summary = (
        "Every layer loses the same share of its channels: what one does who knows nothing of the "
        "network, and what the others are to be compared with."
    )
    reference = "arXiv:2003.03033"

    def path(self, problem: Problem, metric: str, monitor: Monitor = SILENT) -> np.ndarray:
        sizes = np.array([unit.size for unit in problem.units])
        rows = [problem.allowed(sizes * (1 - ratio)) for ratio in np.linspace(0, 1, _POINTS)]
        return np.unique(np.array(rows), axis=0)[::-1]
