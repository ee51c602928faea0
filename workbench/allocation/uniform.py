"""The same ratio for every unit."""

import numpy as np

from workbench.allocation.base import Allocator
from workbench.allocation.problem import Problem

_POINTS = 400


class Uniform(Allocator):
    """Every unit loses the same fraction: what one does who knows nothing of the network.

    Reference:
        The baseline of Blalock et al., What is the State of Neural Network Pruning?,
        arXiv:2003.03033.
    """

    name = "uniform"
    title = "Uniform"
    reference = "arXiv:2003.03033"

    def path(self, problem: Problem, metric: str) -> np.ndarray:
        sizes = np.array([unit.size for unit in problem.units])
        rows = [problem.allowed(sizes * (1 - ratio)) for ratio in np.linspace(0, 1, _POINTS)]
        return np.unique(np.array(rows), axis=0)[::-1]
