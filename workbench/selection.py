"""From scores and a plan to what is kept: the one place where this is decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.graph.structure import Kept
from workbench.plan import Plan
from workbench.units import Unit

LEAST_KEPT = 1
"""No unit is ever emptied: a layer without channels or weights computes nothing."""


@dataclass(frozen=True)
class UnitResult:
    """What was asked of a unit, what came out, and why they differ.

    Attributes:
        unit: Its name.
        requested: Ratio asked for, of the dense model's count.
        achieved: Ratio removed after rounding and constraints.
        kept, size: Channels or weights left, and in the dense model.
        reason: Why `achieved` is not `requested`; empty where rounding to a whole count is all.
    """

    unit: str
    requested: float
    achieved: float
    kept: int
    size: int
    reason: str = ""


@dataclass(frozen=True)
class Selection:
    """What a plan keeps.

    Attributes:
        kept: By unit name, bool per original channel or weight, True = keep.
        results: One result for every unit, in order.
    """

    kept: Kept
    results: tuple[UnitResult, ...]


def kept_count(unit: Unit, ratio: float, plan: Plan, current: int) -> tuple[int, str]:
    """How many to keep of a unit for a ratio of the dense count, and what stood in the way.

    Args:
        unit: The unit.
        ratio: Fraction of ``unit.size`` to remove.
        plan: For rounding and locks.
        current: How many are left now; pruning never brings any back.
    """
    if not unit.prunable:
        return current, unit.reason
    if unit.name in plan.locks:
        return current, "locked"
    wanted = round(unit.size * (1 - ratio))
    step = min(plan.round_to if unit.granularity == "channel" else 1, unit.size)
    rounded = max(step * round(wanted / step), LEAST_KEPT if step == 1 else step)
    if ratio == 0:
        rounded = unit.size
    if rounded >= current:
        reason = "already pruned further" if ratio > 0 and wanted > current else ""
        return current, reason
    if wanted < LEAST_KEPT:
        return rounded, "at least one is kept"
    return rounded, f"rounded to a multiple of {step}" if rounded != wanted else ""


def kept_counts(
    units: Sequence[Unit],
    plan: Plan,
    current: Mapping[str, int],
    scores: Mapping[str, np.ndarray] | None = None,
) -> dict[str, tuple[int, str]]:
    """How many of each unit a plan keeps; `scores` are needed for global scope only."""
    shared = _shared_ratios(units, plan, scores) if plan.scope == "global" else {}
    return {
        unit.name: kept_count(
            unit, shared.get(unit.name, plan.ratio_of(unit.name)), plan, current[unit.name]
        )
        for unit in units
    }


def select(
    units: Sequence[Unit],
    plan: Plan,
    scores: Mapping[str, np.ndarray],
    alive: Mapping[str, np.ndarray],
) -> Selection:
    """Choose what is kept.

    Args:
        units: All units of the plan's granularity.
        plan: The request.
        scores: By unit name, importance per original channel or weight, higher = keep.
        alive: By unit name, bool: what earlier steps left. Nothing else can be kept.
    """
    ranked = {
        unit.name: np.where(alive[unit.name], scores[unit.name].astype(np.float64), -np.inf)
        for unit in units
    }
    current = {name: int(flags.sum()) for name, flags in alive.items()}
    counts = kept_counts(units, plan, current, ranked)
    kept, results = {}, []
    for unit in units:
        count, reason = counts[unit.name]
        kept[unit.name] = best(ranked[unit.name], count)
        results.append(
            UnitResult(
                unit.name,
                plan.ratio if _is_shared(unit, plan) else plan.ratio_of(unit.name),
                1 - count / unit.size,
                count,
                unit.size,
                reason,
            )
        )
    return Selection(kept, tuple(results))


def best(scores: np.ndarray, count: int) -> np.ndarray:
    """The `count` highest scores; of equal ones, the first."""
    kept = np.zeros(len(scores), bool)
    kept[np.argsort(-scores, kind="stable")[:count]] = True
    return kept


def _is_shared(unit: Unit, plan: Plan) -> bool:
    return (
        plan.scope == "global"
        and unit.prunable
        and unit.name not in plan.ratios
        and unit.name not in plan.locks
    )


def _shared_ratios(
    units: Sequence[Unit], plan: Plan, scores: Mapping[str, np.ndarray] | None
) -> dict[str, float]:
    """Global scope: rank all sharing units together and remove the plan's ratio of their sum.

    The best of every unit is out of competition, so that no unit is emptied.
    """
    shared = [unit for unit in units if _is_shared(unit, plan)]
    if not shared or scores is None:
        return {}
    competing = [np.sort(scores[unit.name])[: unit.size - LEAST_KEPT] for unit in shared]
    everything = np.concatenate(competing)
    removed = min(round(plan.ratio * sum(unit.size for unit in shared)), len(everything))
    owner = np.repeat(np.arange(len(shared)), [len(scores) for scores in competing])
    lost = np.bincount(
        owner[np.argsort(everything, kind="stable")[:removed]], minlength=len(shared)
    )
    return {unit.name: lost[number] / unit.size for number, unit in enumerate(shared)}
