"""Plans on the way to a plan: what it asks for after some of the updates."""

import numpy as np

from workbench.gradual.settings import GradualSettings
from workbench.plan import Plan
from workbench.pruned import PrunedModel
from workbench.units import Unit


def interim_plan(model: PrunedModel, plan: Plan, settings: GradualSettings, update: int) -> Plan:
    """The plan after so many updates; the plan itself after the last.

    Every unit's ratio rises from what is gone already. Floors hold at the end only, or the first
    update would jump to them.

    Args:
        model: Where pruning starts.
        plan: Where it ends.
        settings: How it gets there.
        update: Counted from 1.
    """
    if update == settings.updates:
        return plan
    units = [unit for unit in model.anatomy.units(plan.granularity) if unit.prunable]
    alive = model.alive(plan.granularity)
    own = {unit.name: unit for unit in units if unit.name not in plan.locks}
    shared: list[Unit] = []
    if plan.scope == "global":
        shared = [unit for unit in own.values() if unit.name not in plan.ratios]
        own = {name: unit for name, unit in own.items() if name in plan.ratios}
    ratios = {
        name: settings.ratio(update, _gone([unit], alive), plan.ratio_of(name))
        for name, unit in own.items()
    }
    ratio = settings.ratio(update, _gone(shared, alive), plan.ratio) if shared else plan.ratio
    return plan.with_(ratio=ratio, ratios=ratios, min_ratio=0.0, min_ratios={})


def _gone(units: list[Unit], alive: dict[str, np.ndarray]) -> float:
    """The share of all that units had which earlier pruning removed."""
    left = sum(int(alive[unit.name].sum()) for unit in units)
    return 1 - left / sum(unit.size for unit in units)
