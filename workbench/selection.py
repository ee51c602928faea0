"""From scores and a plan to what is kept: the one place where this is decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.errors import InternalError
from workbench.graph.structure import Kept
from workbench.hand_picks import NO_PICKS, Picked, outranked, picked_units
from workbench.limits import Limits, at_most, by_hand
from workbench.pattern import Layout, Pattern
from workbench.plan import Plan
from workbench.ranking import removed_together
from workbench.units import Unit

Scores = Mapping[str, np.ndarray]
"""By unit name, importance per original channel or weight, higher = keep."""

Counts = dict[str, tuple[int, str]]
"""By unit name, how many are kept, and why that is not what was asked for; or empty."""

_SLACK = 1e-9
"""Of a ratio: 1 - 0.9 is a little more than 0.1 to a computer."""


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


def kept_counts(
    units: Sequence[Unit],
    plan: Plan,
    current: Mapping[str, int],
    scores: Scores | None = None,
    patterned: Mapping[str, int] | None = None,
    picked: Mapping[str, Picked] | None = None,
) -> Counts:
    """How many of each unit a plan keeps, and what stood in the way.

    Args:
        units: All units of the plan's granularity.
        plan: The request.
        current: By unit name, how many are left now; pruning never brings any back.
        scores: What `ranked` gives; needed for global scope only.
        patterned: How many the plan's pattern leaves of each unit whose blocks fit it now;
            needed for granularity ``"n:m"`` only.
        picked: What `hand_picks` gives, where channels were picked by hand.
    """
    if plan.granularity == "n:m":
        return _pattern_counts(units, plan, current, patterned)
    picked = picked or {}
    counts = {
        unit.name: _count(unit, plan.ratio_of(unit.name), plan, current, picked)
        for unit in units
        if not _is_shared(unit, plan)
    }
    shared = [unit for unit in units if _is_shared(unit, plan)]
    return counts | _shared_counts(shared, plan, current, scores, picked) if shared else counts


def hand_picks(plan: Plan, alive: Mapping[str, np.ndarray]) -> dict[str, Picked]:
    """By unit name, what a plan picks by hand among what is left."""
    return picked_units(plan.removed_channels, plan.kept_channels, alive)


def ranked(
    scores: Scores,
    alive: Mapping[str, np.ndarray],
    picked: Mapping[str, Picked] | None = None,
) -> dict[str, np.ndarray]:
    """Scores, float64, in which everything that is gone already ranks below all that is left.

    What is kept by hand ranks above all else, and what is removed by hand below all that is left.
    """
    ranks = {
        name: np.where(alive[name], scored.astype(np.float64), -np.inf)
        for name, scored in scores.items()
    }
    return ranks | {name: outranked(ranks[name], own) for name, own in (picked or {}).items()}


def select(
    units: Sequence[Unit],
    plan: Plan,
    scores: Scores,
    alive: Mapping[str, np.ndarray],
    layouts: Mapping[str, Layout] | None = None,
) -> Selection:
    """Choose what is kept.

    Args:
        units: All units of the plan's granularity.
        plan: The request.
        scores: How important each is.
        alive: By unit name, bool: what earlier steps left. Nothing else can be kept.
        layouts: Where the blocks of each unit lie; needed for granularity ``"n:m"`` only.
    """
    picked = hand_picks(plan, alive)
    ranks = ranked(scores, alive, picked)
    current = {name: int(flags.sum()) for name, flags in alive.items()}
    patterned = None if layouts is None else patterned_counts(layouts, plan, alive)
    counts = kept_counts(units, plan, current, ranks, patterned, picked)
    kept, results = {}, []
    for unit in units:
        name, (count, reason) = unit.name, counts[unit.name]
        kept[name] = kept_flags(plan, ranks[name], count, layouts.get(name) if layouts else None)
        requested = plan.ratio if _is_shared(unit, plan) else plan.ratio_of(name)
        achieved = 1 - count / unit.size
        results.append(UnitResult(name, requested, achieved, count, unit.size, reason))
    return Selection(kept, tuple(results))


def kept_flags(plan: Plan, ranks: np.ndarray, count: int, layout: Layout | None) -> np.ndarray:
    """Which of one unit are kept.

    Args:
        plan: The request.
        ranks: What `ranked` gives for the unit.
        count: How many are kept, as `kept_counts` found.
        layout: Where the unit's blocks lie; for granularity ``"n:m"``.
    """
    if plan.granularity != "n:m":
        return best(ranks, count)
    alive = ranks > -np.inf
    if count == alive.sum():
        return alive
    if layout is None:
        raise InternalError("granularity 'n:m' needs layouts")
    return layout.best(ranks, Pattern.parse(plan.pattern))


def best(scores: np.ndarray, count: int) -> np.ndarray:
    """The `count` highest scores; of equal ones, the first."""
    kept = np.zeros(len(scores), bool)
    kept[np.argsort(-scores, kind="stable")[:count]] = True
    return kept


def patterned_counts(
    layouts: Mapping[str, Layout], plan: Plan, flags: Mapping[str, np.ndarray]
) -> dict[str, int]:
    """By unit name, how many of the flagged weights the plan's pattern leaves, where it fits.

    Args:
        layouts: Where the blocks of each unit lie.
        plan: Its pattern.
        flags: By unit name, bool per original weight; taken for the best of their blocks.
    """
    pattern = Pattern.parse(plan.pattern)
    return {
        name: layout.count(flags[name], pattern)
        for name, layout in layouts.items()
        if layout.fits(pattern)
    }


def _count(
    unit: Unit,
    ratio: float,
    plan: Plan,
    current: Mapping[str, int],
    picked: Mapping[str, Picked],
) -> tuple[int, str]:
    """How many to keep for a ratio of the dense count, and what stood in the way."""
    left, own = current[unit.name], picked.get(unit.name, NO_PICKS)
    if fixed := _why_fixed(unit, plan):
        return (
            left,
            f"{fixed}: {by_hand(len(own.removed), 'removed')} stay" if own.removed else fixed,
        )
    limits = Limits.of(unit, plan, own)
    wanted = round(unit.size * (1 - ratio))
    allowed = limits.nearest(wanted)
    further = "already pruned further" if wanted > left and ratio > 0 else ""
    if wanted > left and allowed >= left:
        return left, limits.why_staying(left, plan.round_to) or further
    count = min(allowed, left)
    why = limits.why(wanted, count, plan.round_to)
    return count, ", ".join(filter(None, (further, why)))


def _why_fixed(unit: Unit, plan: Plan) -> str:
    if not unit.prunable:
        return unit.reason
    return "locked" if unit.name in plan.locks else ""


def _is_shared(unit: Unit, plan: Plan) -> bool:
    return (
        plan.scope == "global"
        and unit.prunable
        and unit.name not in plan.ratios
        and unit.name not in plan.locks
    )


def _shared_counts(
    shared: Sequence[Unit],
    plan: Plan,
    current: Mapping[str, int],
    scores: Scores | None,
    picked: Mapping[str, Picked],
) -> Counts:
    """Global scope: all sharing units are ranked together and lose the plan's ratio of their sum.

    What a unit may not lose is lost by the others, as long as there are any that may.
    """
    if scores is None:
        raise InternalError("global scope needs scores")
    limits = {unit.name: Limits.of(unit, plan, picked.get(unit.name, NO_PICKS)) for unit in shared}
    size = sum(unit.size for unit in shared)
    wanted = round(plan.ratio * size)
    removed = removed_together(limits, current, scores, wanted)
    total = sum(removed.values())
    counts = {}
    for unit in shared:
        count, reason = _count(unit, removed[unit.name] / unit.size, plan, current, picked)
        if not reason and count != round(unit.size * (1 - plan.ratio)):
            reason = _why_shared(limits[unit.name], count)
        if total != wanted:
            together = (
                f"all units together lose {100 * total / size:.3g} %, not {100 * plan.ratio:.3g} %"
            )
            reason = f"{reason}; {together}" if reason else together
        counts[unit.name] = count, reason
    return counts


def _why_shared(limits: Limits, count: int) -> str:
    bound = limits.why_fewest() if count == limits.fewest else ""
    bound = bound or (limits.why_most() if count == limits.most else "")
    return bound or "ranked together with all other units"


def _pattern_counts(
    units: Sequence[Unit],
    plan: Plan,
    current: Mapping[str, int],
    patterned: Mapping[str, int] | None,
) -> Counts:
    """N:M: a unit is on and keeps what its blocks leave, or off and keeps what it has."""
    if patterned is None:
        raise InternalError("granularity 'n:m' needs the counts that its pattern leaves")
    pattern = Pattern.parse(plan.pattern)
    return {
        unit.name: _pattern_count(unit, plan, pattern, current[unit.name], patterned)
        for unit in units
    }


def _pattern_count(
    unit: Unit, plan: Plan, pattern: Pattern, left: int, patterned: Mapping[str, int]
) -> tuple[int, str]:
    if fixed := _why_fixed(unit, plan):
        return left, fixed
    ratio = plan.ratio_of(unit.name)
    floor, cap = plan.bounds_of(unit.name)
    share = f"{pattern} removes {100 * pattern.sparsity:g} %"
    if not (pattern.is_on(ratio) or floor):
        return left, f"on or off: {share}, and less than half of that is off" if ratio else ""
    if pattern.sparsity > cap + _SLACK:
        return left, f"{at_most(cap)}, and {share}"
    if unit.name not in patterned:
        return left, no_whole_blocks(pattern)
    count = patterned[unit.name]
    return count, _why_patterned(unit, ratio, pattern, count)


def _why_patterned(unit: Unit, ratio: float, pattern: Pattern, count: int) -> str:
    """Why a unit that is on keeps so many; empty if that is what was asked for."""
    if count == round(unit.size * (1 - ratio)):
        return ""
    if not pattern.is_on(ratio):
        return "its floor turns it on"
    if count < round(unit.size * (1 - pattern.sparsity)):
        return f"{pattern} applies to what earlier steps left"
    return f"on or off: {pattern} removes {100 * pattern.sparsity:g} %"


def no_whole_blocks(pattern: Pattern) -> str:
    """Why a pattern no longer fits a unit, in words."""
    return f"the inputs that earlier steps left are no multiple of {pattern.m}"
