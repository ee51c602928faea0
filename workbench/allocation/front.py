"""Trade-offs in what is predicted of whole networks, such as latency, and not counted.

Latency does not fall evenly as a network shrinks: counts that miss a runtime's blocks of channels
cost more than larger ones that fit. So every network of a trade-off in multiply-adds is looked at
as it is and with its counts moved to whole blocks, and those that no other beats are kept.

Reference:
    Yang et al., NetAdapt: Platform-Aware Neural Network Adaptation for Mobile Applications,
    arXiv:1804.03230, for choosing by latency on the device.
"""

from collections.abc import Callable

import numpy as np

from workbench.allocation.problem import Problem
from workbench.latency_model.features import BLOCK


def front(
    problem: Problem, metric: str, path: np.ndarray, worth: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Of the networks on a path and next to it, those that none beats in cost and worth.

    Args:
        problem: What may be chosen.
        metric: One that is predicted.
        path: Counts kept, shape ``(networks, units)``.
        worth: What is to be kept of networks of that shape, such as accuracy, shape
            ``(networks,)``.

    Returns:
        Counts kept, shape ``(points, units)``; cost and worth never rise from row to row.
    """
    networks = np.unique(np.concatenate([path, *in_blocks(problem, path)]), axis=0)
    costs, worths = problem.share(metric, networks), worth(networks)
    order = np.lexsort((worths, costs))  # from the cheapest on
    best = np.maximum.accumulate(worths[order])
    return np.asarray(networks[order[worths[order] >= best]][::-1])


def in_blocks(problem: Problem, path: np.ndarray) -> list[np.ndarray]:
    """The path with counts moved to the allowed ones next to whole blocks, down and up."""
    moved = []
    for to_block in (np.floor, np.ceil):
        wanted = np.maximum(to_block(path / BLOCK), 1) * BLOCK
        moved.append(np.array([problem.allowed(counts) for counts in wanted]))
    return moved
