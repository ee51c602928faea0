"""A plan as the Python that a person would write."""

from typing import Any

from workbench.actions.source import Call, assigned
from workbench.errors import PlanError
from workbench.plan import Plan

_SETTINGS = (
    "granularity",
    "criterion",
    "scope",
    "min_ratio",
    "max_ratio",
    "pattern",
    "round_to",
    "seed",
)
"""What concerns all units alike, but for the ratio."""

_WORTH = 24
"""How many characters longer it may be to say what changes: that is what the hand did."""


def plan_code(plan: Plan, before: Plan | None = None) -> str:
    """Python that assigns a plan to ``session.plan``.

    Args:
        plan: The plan to be.
        before: The session's plan until then, where that is known: then what changes is said,
            unless it is shorter to begin anew.
    """
    whole = assigned("session.plan", _from_nothing(plan))
    if before is None or before == plan:
        return whole
    try:
        first, *others = _changes(before, plan)
    except PlanError:  # on the way from one plan to the other, bounds would cross
        return whole
    first = Call(f"session.plan{first.function}", first.positional, first.keywords)
    changes = assigned("session.plan", (first, *others))
    return changes if len(changes) <= len(whole) + _WORTH else whole


def _from_nothing(plan: Plan) -> list[Call]:
    settings = _differing(Plan(), plan, (*_SETTINGS, "ratio"))
    return [Call("Plan", (), tuple(settings.items())), *_changes(Plan(**settings), plan)]


def _changes(before: Plan, after: Plan) -> list[Call]:
    """Calls of a plan's methods that lead from one plan to another.

    Raises:
        PlanError: If a plan in between is not allowed.
    """
    way = _Way(before)
    if changed := _differing(before, after, _SETTINGS):
        way.go("with_", **changed)
    _locks(way, after)
    _ratios(way, after)
    _bounds(way, after)
    _picks(way, after)
    return way.calls


def _differing(before: Plan, after: Plan, names: tuple[str, ...]) -> dict[str, Any]:
    return {
        name: getattr(after, name)
        for name in names
        if getattr(after, name) != getattr(before, name)
    }


class _Way:
    """A plan on its way to another, and the calls that led to it so far."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.calls: list[Call] = []

    def go(self, method: str, *positional: Any, **keywords: Any) -> None:
        self.plan = getattr(self.plan, method)(*positional, **keywords)
        self.calls.append(Call(f".{method}", positional, tuple(keywords.items())))


def _locks(way: _Way, after: Plan) -> None:
    if gone := sorted(way.plan.locks - after.locks):
        way.go("unlock", *gone)
    if new := sorted(after.locks - way.plan.locks):
        way.go("lock", *new)


def _ratios(way: _Way, after: Plan) -> None:
    dropped = [unit for unit in way.plan.ratios if unit not in after.ratios]
    if way.plan.ratio != after.ratio or len(dropped) > 1:
        way.go("with_ratios", after.ratio)  # this drops the unlocked units' own ratios
    for unit in way.plan.ratios:
        if unit not in after.ratios:
            way.go("without_ratio", unit)
    new = {u: ratio for u, ratio in after.ratios.items() if way.plan.ratios.get(u) != ratio}
    if len(new) == 1:
        way.go("with_ratio", *new.popitem())
    elif new:
        way.go("with_ratios", new)


def _bounds(way: _Way, after: Plan) -> None:
    both = ("min_ratio", "max_ratio")
    for unit in sorted(_bounded(way.plan) | _bounded(after)):
        if any(_own(way.plan, b, unit) is not None and _own(after, b, unit) is None for b in both):
            way.go("without_bounds", unit)
        new = {
            bound: _own(after, bound, unit)
            for bound in both
            if _own(after, bound, unit) not in (None, _own(way.plan, bound, unit))
        }
        if new:
            way.go("with_bounds", unit, **new)


def _bounded(plan: Plan) -> set[str]:
    return {*plan.min_ratios, *plan.max_ratios}


def _own(plan: Plan, bound: str, unit: str) -> float | None:
    ratios: dict[str, float] = getattr(plan, f"{bound}s")
    return ratios.get(unit)


def _picks(way: _Way, after: Plan) -> None:
    for unit in {**way.plan.removed_channels, **way.plan.kept_channels}:
        before, still = (set().union(*plan.picks_of(unit)) for plan in (way.plan, after))
        if gone := sorted(before - still):
            way.go("release", unit, *([gone] if still else []))
    for method, setting in (("remove", "removed_channels"), ("keep", "kept_channels")):
        for unit, channels in getattr(after, setting).items():
            new = sorted({*channels} - {*getattr(way.plan, setting).get(unit, ())})
            if new:
                way.go(method, unit, new[0] if len(new) == 1 else new)
