"""What can be said at once, without data: the share of a unit's importance that a ratio removes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.criteria import Evidence
from workbench.plan import Plan
from workbench.pruned import PrunedModel
from workbench.sensitivity.scored import ScoredModel
from workbench.sensitivity.targets import RATIOS, Target, checked_ratios, chosen_units


@dataclass(frozen=True)
class MagnitudeCurve:
    """How much of a unit's importance goes with each ratio; no accuracy, and no estimate of one.

    Attributes:
        unit: Its name.
        ratios: Requested ratios.
        removed: Share of the summed importance of what the unit has now, in [0, 1].
    """

    unit: str
    ratios: tuple[float, ...]
    removed: tuple[float, ...]


def magnitude_curves(
    model: PrunedModel,
    plan: Plan,
    *,
    ratios: Sequence[float] = RATIOS,
    units: Sequence[str] | None = None,
    evidence: Evidence | None = None,
) -> Mapping[str, MagnitudeCurve]:
    """Share of importance removed, by unit; exact for what pruning each unit alone would remove.

    Args:
        model: What would be pruned.
        plan: Granularity, criterion, rounding, seed.
        ratios: Fractions of the dense model's count, in (0, 1).
        units: Units to look at; all that can be pruned by default.
        evidence: What `model.gather` found, for criteria that need training data.

    Raises:
        PlanError: If a ratio or a unit cannot be scanned.
        UnknownUnitError: If a unit does not exist.
        CriterionError: If the criterion does not exist or apply, or lacks evidence.
    """
    grid = checked_ratios(ratios)
    scored = ScoredModel.of(model, evidence)
    scores, alive = scored.scores(plan), scored.alive(plan.granularity)
    curves = {}
    for unit in chosen_units(scored, plan, units):
        # Scores may be of either sign (a Taylor estimate); what counts is their distance from
        # the least.
        importance = np.where(alive[unit], scores[unit].astype(np.float64), 0.0)
        importance -= min(float(importance[alive[unit]].min()), 0.0) * alive[unit]
        total = float(importance.sum())
        removed = []
        for ratio in grid:
            gone = alive[unit] & ~Target.of(scored, plan, unit, ratio).flags
            removed.append(float(importance[gone].sum()) / total if total > 0 else 0.0)
        curves[unit] = MagnitudeCurve(unit, grid, tuple(removed))
    return curves
