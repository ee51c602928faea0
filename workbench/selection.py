"""From scores and a plan to what is kept: the one place where this is decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.errors import InternalError
from workbench.graph.structure import Kept
from workbench.plan import Plan
from workbench.units import Unit

Scores = Mapping[str, np.ndarray]
"""By unit name, importance per original channel or weight, higher = keep."""

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
    possible = _possible_count(unit, wanted, plan)
    if possible < current:
        return possible, _why_other(unit, wanted, possible, plan)
    if wanted > current and ratio > 0:
        return current, "already pruned further"
    return current, _why_other(unit, wanted, current, plan) if wanted < current else ""


def _possible_count(unit: Unit, wanted: int, plan: Plan) -> int:
    """The count closest to the one wanted that rounding allows; a whole unit may stay whole."""
    if wanted == unit.size:
        return wanted
    step = _step(unit, plan)
    return max(step * round(wanted / step), step, LEAST_KEPT)


def _why_other(unit: Unit, wanted: int, got: int, plan: Plan) -> str:
    step = _step(unit, plan)
    if got == wanted:
        return ""
    if step == 1:
        return "at least one is kept"
    if step < plan.round_to:
        return f"it has fewer than {plan.round_to}, to which counts are rounded"
    return f"rounded to a multiple of {step}"


def _step(unit: Unit, plan: Plan) -> int:
    return min(plan.round_to, unit.size) if unit.granularity == "channel" else 1


def kept_counts(
    units: Sequence[Unit],
    plan: Plan,
    current: Mapping[str, int],
    scores: Scores | None = None,
) -> dict[str, tuple[int, str]]:
    """How many of each unit a plan keeps, and what stood in the way.

    Args:
        units: All units of the plan's granularity.
        plan: The request.
        current: By unit name, how many are left now.
        scores: What `ranked` gives; needed for global scope only.
    """
    shared = _shared_ratios(units, plan, scores) if plan.scope == "global" else {}
    counts = {}
    for unit in units:
        ratio = shared.get(unit.name, plan.ratio_of(unit.name))
        count, reason = kept_count(unit, ratio, plan, current[unit.name])
        if unit.name in shared and not reason and count != round(unit.size * (1 - plan.ratio)):
            reason = "ranked together with all other units"
        counts[unit.name] = count, reason
    return counts


def ranked(scores: Scores, alive: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Scores, float64, in which everything that is gone already ranks below all that is left."""
    return {
        name: np.where(alive[name], scored.astype(np.float64), -np.inf)
        for name, scored in scores.items()
    }


def select(
    units: Sequence[Unit],
    plan: Plan,
    scores: Scores,
    alive: Mapping[str, np.ndarray],
) -> Selection:
    """Choose what is kept.

    Args:
        units: All units of the plan's granularity.
        plan: The request.
        scores: How important each is.
        alive: By unit name, bool: what earlier steps left. Nothing else can be kept.
    """
    ranks = ranked(scores, alive)
    current = {name: int(flags.sum()) for name, flags in alive.items()}
    counts = kept_counts(units, plan, current, ranks)
    kept, results = {}, []
    for unit in units:
        count, reason = counts[unit.name]
        kept[unit.name] = best(ranks[unit.name], count)
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


def _shared_ratios(units: Sequence[Unit], plan: Plan, scores: Scores | None) -> dict[str, float]:
    """Global scope: rank all sharing units together and remove the plan's ratio of their sum.

    The best of every unit is out of competition, so that no unit is emptied; of equal ones,
    those of the first units go.
    """
    shared = [unit for unit in units if _is_shared(unit, plan)]
    if scores is None:
        raise InternalError("global scope needs scores")
    removed = round(plan.ratio * sum(unit.size for unit in shared))
    removed = min(removed, sum(unit.size - LEAST_KEPT for unit in shared))
    if not removed:
        return {unit.name: 0.0 for unit in shared}
    competing = [_without_the_best(scores[unit.name]) for unit in shared]
    # Only the threshold is needed; sorting the weights of a large model would take seconds.
    threshold = np.partition(np.concatenate(competing), removed - 1)[removed - 1]
    below = [int((own < threshold).sum()) for own in competing]
    ties_left = removed - sum(below)
    ratios = {}
    for unit, own, lost in zip(shared, competing, below, strict=True):
        ties = min(ties_left, int((own == threshold).sum()))
        ties_left -= ties
        ratios[unit.name] = (lost + ties) / unit.size
    return ratios


def _without_the_best(scores: np.ndarray) -> np.ndarray:
    competing = scores.copy()
    competing[competing.argmax()] = np.inf
    return competing
