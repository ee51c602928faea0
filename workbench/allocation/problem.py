"""What an allocator is asked: which counts it may choose from, and what each choice does."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from sklearn.isotonic import isotonic_regression

from workbench.allocation.costs import METRICS, CostModel, dense_costs
from workbench.allocation.moving import Reaches
from workbench.hand_picks import NO_PICKS, Picked
from workbench.limits import Limits
from workbench.plan import Plan
from workbench.pruned import PrunedModel
from workbench.selection import Scores, hand_picks, ranked
from workbench.units import Unit

LATENCY = "latency"

TITLES = {**METRICS, LATENCY: "latency"}
"""By name, what a person calls a metric; those beside `METRICS` are predicted, not counted."""

Predicted = Callable[[Mapping[str, np.ndarray]], np.ndarray]
"""Cost of counts by unit name as a fraction of the dense network's; shapes ``(networks,)``."""

MOST_LEVELS = 48
"""Counts tried of one unit: enough to tell apart what a person would."""


@dataclass(frozen=True, eq=False)
class Problem:
    """Units, the counts they may have, and what these cost in size and in accuracy.

    Attributes:
        units: The units, prunable and not locked.
        levels: For each, the counts it may keep, falling; the first is the most it may.
        damage: For each, what each of its levels costs in accuracy, rising ever faster, see
            `damage_at`; None if no sensitivity was measured.
        ranks: For each, the importance of its channels that are left, rising, hand picks first and
            last; None if they were not scored.
        costs: What any choice of counts costs.
        dense_costs: By metric, what the dense model costs.
        predicted: By name, metrics of which only networks as a whole can be predicted.
    """

    units: tuple[Unit, ...]
    levels: tuple[np.ndarray, ...]
    damage: tuple[np.ndarray, ...] | None
    ranks: tuple[np.ndarray, ...] | None
    costs: CostModel
    dense_costs: Mapping[str, float]
    predicted: Mapping[str, Predicted] = field(default_factory=dict)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of all metrics."""
        return (*METRICS, *self.predicted)

    @property
    def largest(self) -> np.ndarray:
        """The most of every unit that may be kept, shape ``(units,)``."""
        return np.array([levels[0] for levels in self.levels], np.int64)

    @property
    def smallest(self) -> np.ndarray:
        """The least of every unit that may be kept, shape ``(units,)``."""
        return np.array([levels[-1] for levels in self.levels], np.int64)

    def reaches(self, metric: str) -> Reaches:
        """What each unit reaches, for a metric."""
        return self._reaches.setdefault(metric, Reaches(self.costs, metric))

    @cached_property
    def _reaches(self) -> dict[str, Reaches]:
        return {}

    def share(self, metric: str, kept: np.ndarray) -> np.ndarray:
        """Cost of these counts as a fraction of the dense model's, shape ``(...)``."""
        if metric in self.predicted:
            rows = kept.reshape(-1, len(self.units))
            names = [unit.name for unit in self.units]
            found = self.predicted[metric](dict(zip(names, rows.T, strict=True)))
            return found.reshape(kept.shape[:-1])
        share: np.ndarray = self.costs.cost(metric, kept) / self.dense_costs[metric]
        return share

    def level_of(self, kept: np.ndarray) -> list[int]:
        """Which of its levels each unit's count is."""
        return [
            int(np.flatnonzero(levels == count)[0])
            for levels, count in zip(self.levels, kept, strict=True)
        ]

    def damage_of(self, kept: np.ndarray) -> np.ndarray:
        """What each unit's count costs in accuracy, shape ``(units,)``."""
        assert self.damage is not None
        levels = self.level_of(kept)
        return np.array([added[n] for added, n in zip(self.damage, levels, strict=True)])

    def allowed(self, wanted: np.ndarray) -> np.ndarray:
        """For each unit, the level closest to a count wanted, shape ``(units,)``."""
        return np.array(
            [
                levels[np.abs(levels - count).argmin()]
                for levels, count in zip(self.levels, wanted, strict=True)
            ]
        )


def levels_of(unit: Unit, plan: Plan, current: int, picked: Picked = NO_PICKS) -> np.ndarray:
    """The counts a unit may keep under a plan's bounds, hand picks and rounding, falling."""
    limits = Limits.of(unit, plan, picked)
    wanted = np.unique(np.linspace(limits.fewest, min(limits.most, current), MOST_LEVELS).round())
    found = {limits.nearest(int(count)) for count in wanted}
    possible = sorted((count for count in found if count <= current), reverse=True)
    return np.array(possible or [current])


def problem_of(
    model: PrunedModel,
    plan: Plan,
    scores: Scores | None = None,
    damage: Mapping[str, Sequence[tuple[float, float]]] | None = None,
    predicted: Mapping[str, Predicted] | None = None,
) -> Problem:
    """Set up the question for a channel plan.

    Args:
        model: The current model.
        plan: Its locks, bounds, hand picks and rounding hold; its ratios do not matter.
        scores: Importance by unit name, per original channel; rules that rank need it.
        damage: By unit name, (ratio, divergence in nats) rising by ratio; units without one are
            left as they are.
        predicted: As for `Problem`.
    """
    alive = model.alive("channel")
    units = tuple(
        unit
        for unit in model.anatomy.units("channel")
        if unit.prunable and unit.name not in plan.locks and (damage is None or unit.name in damage)
    )
    current = {unit.name: int(alive[unit.name].sum()) for unit in units}
    found = hand_picks(plan, alive)
    picked = {unit.name: found[unit.name] for unit in units if unit.name in found}
    levels = tuple(
        levels_of(unit, plan, current[unit.name], picked.get(unit.name, NO_PICKS)) for unit in units
    )
    added = None
    if damage is not None:
        added = tuple(
            damage_at(damage[unit.name], 1 - counts / unit.size)
            for unit, counts in zip(units, levels, strict=True)
        )
    ranks = None
    if scores is not None:
        order = ranked({unit.name: scores[unit.name] for unit in units}, alive, picked)
        ranks = tuple(np.sort(order[unit.name][alive[unit.name]]) for unit in units)
    costs = CostModel.of(model, [unit.name for unit in units])
    return Problem(units, levels, added, ranks, costs, dense_costs(model), predicted or {})


def damage_at(curve: Sequence[tuple[float, float]], removed: np.ndarray) -> np.ndarray:
    """What removing so much of a unit costs, beside what other units lose: in squared nats.

    The divergence of a unit pruned alone says too little of what its last channels are worth: the
    layers around it make up for it as long as they are whole. So layers lose less together if each
    loses a little than if some lose nearly all, though the sum of their divergences is the same;
    the squares add up to less then. Where the measured curve rises steeply and then hardly any
    more, its greatest convex minorant is taken: the steep part is met on the way in any case.
    Beyond the highest ratio known it goes on rising as before.

    Args:
        curve: (ratio, divergence in nats) of the unit alone, rising by ratio.
        removed: Ratios, shape ``(levels,)``.
    """
    ratios, losses = (np.array(column) for column in zip((0.0, 0.0), *curve, strict=True))
    ratios, first = np.unique(ratios, return_index=True)  # rounding may have made two equal
    losses, widths = losses[first], np.diff(ratios)
    if not len(widths):  # the scan could not remove any
        return np.zeros(len(removed))
    # The slopes of the minorant are the isotonic regression of those of the curve.
    slopes = np.maximum(isotonic_regression(np.diff(losses) / widths, sample_weight=widths), 0.0)
    minorant = np.concatenate([[0.0], np.cumsum(slopes * widths)])
    beyond = slopes[-1] * np.maximum(removed - ratios[-1], 0.0)
    damage: np.ndarray = np.square(np.interp(removed, ratios, minorant) + beyond)
    return damage
