"""The best trade between loss and cost at an exchange rate, then the rest of the budget spent."""

import numpy as np

from workbench.allocation.base import Allocator
from workbench.allocation.problem import Problem

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
    title = "Sensitivity, best trade"
    reference = "Everett 1963"
    needs_sensitivity = True

    def path(self, problem: Problem, metric: str) -> np.ndarray:
        kept = problem.largest
        rows = [kept]
        for rate in self._rates(problem, metric):
            kept = np.minimum(self._settle(problem, metric, rate, kept), kept)
            rows.append(kept)
        rows.append(problem.smallest)
        return np.unique(np.array(rows), axis=0)[::-1]

    def within(self, problem: Problem, metric: str, share: float) -> np.ndarray | None:
        if problem.share(metric, problem.smallest) > share + 1e-9:
            return None
        if problem.share(metric, problem.largest) <= share + 1e-9:
            return problem.largest
        low, high = np.log(self._rates(problem, metric)[[0, -1]])
        found = problem.smallest
        for _ in range(_BISECTIONS):
            rate = (low + high) / 2
            kept = self._settle(problem, metric, float(np.exp(rate)), problem.largest)
            if problem.share(metric, kept) <= share + 1e-9:
                found, high = kept, rate
            else:
                low = rate
        return self._spend(problem, metric, share, found)

    def _rates(self, problem: Problem, metric: str) -> np.ndarray:
        """Rates in nats per share of the dense cost, from where nothing goes to where all does."""
        assert problem.damage is not None
        worst = max((float(added[-1]) for added in problem.damage), default=0.0)
        return np.geomspace(1e-4, 1e5, _RATES) * max(worst, 1e-3)

    def _settle(self, problem: Problem, metric: str, rate: float, start: np.ndarray) -> np.ndarray:
        assert problem.damage is not None
        kept = start.copy()
        for _ in range(_SWEEPS):
            before = kept.copy()
            for unit, levels in enumerate(problem.levels):
                tried = np.repeat(kept[None], len(levels), axis=0)
                tried[:, unit] = levels
                total = problem.damage[unit] + rate * problem.share(metric, tried)
                kept[unit] = levels[total.argmin()]
            if np.array_equal(kept, before):
                break
        return kept

    def _spend(self, problem: Problem, metric: str, share: float, kept: np.ndarray) -> np.ndarray:
        """Give back the channels that take away most loss for their cost, while they fit."""
        while True:
            steps = problem.steps[problem.steps.count > kept[problem.steps.unit]]
            after = steps.taken_from(kept)
            shares = problem.share(metric, after)
            gained = problem.damage_of(kept)[steps.unit] - steps.damage
            useful = (shares <= share + 1e-9) & (gained > 0)
            if not useful.any():
                return kept
            spent = np.maximum(shares - problem.share(metric, kept), 1e-12)
            kept = after[np.where(useful, gained / spent, -np.inf).argmax()]
