"""Plans for a latency budget: chosen by what is predicted of a device, not by multiply-adds.

Latency does not fall evenly as a network shrinks: counts that miss a runtime's blocks of channels
cost more than larger ones that fit. So every network of a trade-off is looked at as it is and with
its counts moved to whole blocks, and the most accurate one that is predicted to be fast enough is
taken.

Reference:
    Yang et al., NetAdapt: Platform-Aware Neural Network Adaptation for Mobile Applications,
    arXiv:1804.03230, for choosing by latency on the device.
"""

from collections.abc import Callable, Mapping

import numpy as np

from workbench.allocation.problem import Problem
from workbench.allocation.suggestion import Accuracy, Suggestion, TradeOff, network_at, plan_at
from workbench.errors import PlanError
from workbench.latency_model.features import BLOCK
from workbench.plan import Plan

LATENCY = "latency"

Relative = Callable[[Mapping[str, np.ndarray]], np.ndarray]
"""Predicted latency of counts by unit name, as a fraction of the dense network's."""


def suggest_faster(
    problem: Problem,
    plan: Plan,
    allocator: str,
    share: float,
    relative: Relative,
    accuracy: Accuracy,
    curve: TradeOff,
) -> Suggestion:
    """The most accurate network along a trade-off that is predicted to be fast enough.

    Without measured sensitivity it is the one with the most multiply-adds.

    Args:
        problem: What may be chosen.
        plan: Its other settings stay.
        allocator: Name of the rule that made the trade-off.
        share: Fraction of the dense network's latency, in (0, 1].
        relative: Predicts latency.
        accuracy: Predicts accuracy.
        curve: Networks from the largest to the smallest.

    Raises:
        PlanError: If the share is out of range, or no network is predicted to be so fast.
    """
    if not 0 < share <= 1:
        raise PlanError(
            f"budget {LATENCY} must be in (0, 1], the fraction of the dense model's; got "
            f"{share!r}. Use 0.5 for half the time."
        )
    names = [unit.name for unit in problem.units]
    networks = np.unique(np.concatenate([curve.path, *_in_blocks(problem, curve.path)]), axis=0)
    predicted = relative(dict(zip(names, networks.T, strict=True)))
    fast = networks[predicted <= share]
    if not len(fast):
        raise PlanError(
            f"budget {LATENCY} must be at least {predicted.min():.3f} of the dense model, the "
            f"fastest that is predicted within locks, caps and rounding; got {share}. Unlock "
            "units, raise caps, or ask for less."
        )
    sizes = np.array([unit.size for unit in problem.units])
    expected = accuracy(dict(zip(names, (1 - fast / sizes).T, strict=True)))
    worth = problem.share("macs", fast) if expected is None else expected
    point = network_at(problem, fast[int(np.argmax(worth))], accuracy)
    return Suggestion(plan_at(plan, point), point, curve.points, allocator)


def _in_blocks(problem: Problem, path: np.ndarray) -> list[np.ndarray]:
    """The path with counts moved to the allowed ones next to whole blocks, down and up."""
    moved = []
    for to_block in (np.floor, np.ceil):
        wanted = np.maximum(to_block(path / BLOCK), 1) * BLOCK
        moved.append(np.array([problem.allowed(counts) for counts in wanted]))
    return moved
