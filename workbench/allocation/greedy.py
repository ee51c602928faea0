"""The cheapest step first, again and again."""

import numpy as np

from workbench.allocation.base import Allocator
from workbench.allocation.problem import Problem


class Greedy(Allocator):
    """Take, of all next steps, the one that adds least loss for what it saves.

    Reference:
        In the manner of He et al., NetAdapt (Yang et al. 2018), arXiv:1804.03230, with measured
        sensitivity curves in place of short fine-tuning.
    """

    name = "greedy"
    title = "Sensitivity, greedy"
    reference = "arXiv:1804.03230"
    needs_sensitivity = True

    def path(self, problem: Problem, metric: str) -> np.ndarray:
        kept, damage = problem.largest, np.array([added[0] for added in problem.damage or ()])
        rows = [kept]
        while True:
            steps = problem.steps[problem.steps.count < kept[problem.steps.unit]]
            if not len(steps):
                return np.array(rows)
            after = steps.taken_from(kept)
            saved = problem.costs.cost(metric, kept) - problem.costs.cost(metric, after)
            added = steps.damage - damage[steps.unit]
            best = np.lexsort((-saved, added / np.maximum(saved, 1e-12)))[0]
            kept = after[best]
            damage[steps.unit[best]] = steps.damage[best]
            rows.append(kept)
