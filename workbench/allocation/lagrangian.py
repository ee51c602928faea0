"""The best trade between loss and cost at an exchange rate, then the rest of the budget spent."""

import numpy as np

from workbench.allocation.base import Allocator
from workbench.allocation.moving import Moving
from workbench.allocation.problem import Problem
from workbench.progress import SILENT, Monitor

_RATES = 96
_SWEEPS = 8
_BISECTIONS = 30


class Lagrangian(Allocator):
    """Minimise loss plus a rate times cost, for a rising rate.

    One unit after the other takes its best count given all the others, until none moves: costs
    are products of the counts of neighbouring layers, so one step decides the worth of the next.
    For a budget the rate is halved in upon, and what is left of the budget is spent on the
    channels that are worth most.

    Reference:
        Everett, Generalized Lagrange Multiplier Method (Operations Research 11, 1963); the use of
        measured curves follows Li et al., arXiv:1608.08710, section 3.2.
    """

    name = "best"
    title = "best trade"
    summary = (
        "Weighs, for all layers together, the accuracy that each loses by its measured sensitivity "
        "against what that saves; usually keeps most accuracy."
    )
    reference = "Everett 1963"
    needs_sensitivity = True

    def path(self, problem: Problem, metric: str, monitor: Monitor = SILENT) -> np.ndarray:
        kept = problem.largest
        rows = [kept]
        for number, rate in enumerate(self._rates(problem)):
            monitor.report(number, _RATES, "trading accuracy for cost")
            kept = np.minimum(_settle(problem, metric, rate, kept), kept)
            rows.append(kept)
        rows.append(problem.smallest)
        return np.unique(np.array(rows), axis=0)[::-1]

    def within(
        self, problem: Problem, metric: str, share: float, path: np.ndarray | None = None
    ) -> np.ndarray | None:
        if problem.share(metric, problem.smallest) > share + 1e-9:
            return None
        if problem.share(metric, problem.largest) <= share + 1e-9:
            return problem.largest
        low, high = np.log(self._rates(problem)[[0, -1]])
        found = problem.smallest
        for _ in range(_BISECTIONS):
            rate = (low + high) / 2
            kept = _settle(problem, metric, float(np.exp(rate)), problem.largest)
            if problem.share(metric, kept) <= share + 1e-9:
                found, high = kept, rate
            else:
                low = rate
        return _spend(problem, metric, share, found)

    def _rates(self, problem: Problem) -> np.ndarray:
        """Rates in nats per share of the dense cost, from where nothing goes to where all does."""
        assert problem.damage is not None
        worst = max((float(added[-1]) for added in problem.damage), default=0.0)
        return np.geomspace(1e-4, 1e5, _RATES) * max(worst, 1e-3)


def _settle(problem: Problem, metric: str, rate: float, start: np.ndarray) -> np.ndarray:
    assert problem.damage is not None
    moving = Moving(problem.reaches(metric), start)
    rate /= problem.dense_costs[metric]
    unsettled = set(range(len(problem.levels)))
    for _ in range(_SWEEPS):
        changed: set[int] = set()
        for unit in sorted(unsettled):
            levels = problem.levels[unit]
            total = problem.damage[unit] + rate * moving.affected(unit, levels)
            count = int(levels[total.argmin()])
            if count != moving.kept[unit]:
                moving.set(unit, count)
                changed.update(moving.neighbours(unit))
        # A unit's best count depends on its neighbours' alone.
        unsettled = changed
    return moving.kept


def _spend(problem: Problem, metric: str, share: float, kept: np.ndarray) -> np.ndarray:
    """Give back the channels that take away most loss for their cost, while they fit."""
    assert problem.damage is not None
    moving = Moving(problem.reaches(metric), kept)
    at = problem.level_of(kept)
    while True:
        left = (share + 1e-9 - float(problem.share(metric, moving.kept))) * (
            problem.dense_costs[metric]
        )
        best = (0.0, -1, -1)
        for unit, level in enumerate(at):
            if level == 0:
                continue
            cost = moving.affected(unit, problem.levels[unit][: level + 1])
            spent = np.maximum(cost[:-1] - cost[-1], 1e-12)
            gained = problem.damage[unit][level] - problem.damage[unit][:level]
            worth = np.where((spent <= left) & (gained > 0), gained / spent, -np.inf)
            most = int(worth.argmax())
            if worth[most] > best[0]:
                best = float(worth[most]), unit, most
        _, unit, level = best
        if unit < 0:
            return moving.kept
        at[unit] = level
        moving.set(unit, int(problem.levels[unit][level]))
