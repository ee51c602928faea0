"""The cheapest step first, again and again."""

import numpy as np

from workbench.allocation.base import Allocator
from workbench.allocation.moving import Moving
from workbench.allocation.problem import Problem
from workbench.progress import SILENT, Monitor

_Step = tuple[float, float, int, int]
"""Loss added for what is saved, minus what is saved, unit, level: the least is the best."""

_NONE: _Step = (np.inf, 0.0, -1, -1)


class Greedy(Allocator):
    """Take, of all next steps, the one that adds least loss for what it saves.

    Reference:
        In the manner of He et al., NetAdapt (Yang et al. 2018), arXiv:1804.03230, with measured
        sensitivity curves in place of short fine-tuning.
    """

    name = "greedy"
    title = "step by step"
    summary = (
        "Again and again takes the single step that costs least accuracy for what it saves, by the "
        "measured sensitivity; it never looks further ahead than one step."
    )
    reference = "arXiv:1804.03230"
    needs_sensitivity = True

    def path(self, problem: Problem, metric: str, monitor: Monitor = SILENT) -> np.ndarray:
        moving = Moving(problem.reaches(metric), problem.largest)
        at = [0] * len(problem.units)  # the level of each unit
        total = sum(len(levels) - 1 for levels in problem.levels)
        rows = [moving.kept.copy()]
        best = [_best_step(problem, moving, unit, 0) for unit in range(len(at))]
        while best and (step := min(best)) != _NONE:
            monitor.report(sum(at), total, "taking the cheapest step first")
            _, _, unit, level = step
            at[unit] = level
            moving.set(unit, int(problem.levels[unit][level]))
            rows.append(moving.kept.copy())
            for near in moving.neighbours(unit):
                best[near] = _best_step(problem, moving, near, at[near])
        return np.array(rows)


def _best_step(problem: Problem, moving: Moving, unit: int, level: int) -> _Step:
    """The best of a unit's steps from where it is; `_NONE` at its last level."""
    assert problem.damage is not None
    levels, damage = problem.levels[unit], problem.damage[unit]
    if level + 1 == len(levels):
        return _NONE
    cost = moving.affected(unit, levels[level:])
    saved = cost[0] - cost[1:]
    price = (damage[level + 1 :] - damage[level]) / np.maximum(saved, 1e-12)
    first = int(np.lexsort((-saved, price))[0])
    return float(price[first]), -float(saved[first]), unit, level + 1 + first
