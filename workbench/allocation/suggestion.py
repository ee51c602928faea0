"""From a budget to a plan, and the whole trade-off it was taken from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from workbench.allocation.base import Allocator, first_within
from workbench.allocation.front import front, in_blocks
from workbench.allocation.problem import Problem
from workbench.errors import PlanError
from workbench.estimate import Estimate, Estimates
from workbench.plan import Plan
from workbench.progress import SILENT, Monitor

Accuracy = Callable[[Mapping[str, np.ndarray]], Estimates | None]
"""Predicted accuracy in [0, 1] of pruning by unit name to ratios, shape ``(networks,)``; None if
unknown."""


FINE = 0.01
"""Share of the dense cost between neighbours on a trade-off: who drags along it sees no jumps."""


@dataclass(frozen=True)
class TradeOffPoint:
    """One network on the way from the largest to the smallest.

    Attributes:
        ratios: By unit name, the ratio.
        shares: By metric, the cost as a fraction of the dense model's.
        accuracy: Predicted, in [0, 1]; None without measured sensitivity.
        bar: The same with its error bar; None as long as too few plans were measured for one.
    """

    ratios: Mapping[str, float]
    shares: Mapping[str, float]
    accuracy: float | None
    bar: Estimate | None = None


@dataclass(frozen=True, eq=False)
class TradeOff:
    """The networks a rule goes through for one metric.

    Attributes:
        points: From the largest to the smallest.
        path: Counts kept in each, shape ``(points, units)``.
    """

    points: tuple[TradeOffPoint, ...]
    path: np.ndarray = field(repr=False)


@dataclass(frozen=True)
class Suggestion:
    """A plan that meets a target, and what it was chosen from.

    Attributes:
        plan: Scope local, with a ratio for every unit.
        point: What the plan is predicted to lead to.
        curve: The trade-off, from the largest network to the smallest.
        allocator: Name of the rule that made it.
    """

    plan: Plan
    point: TradeOffPoint
    curve: tuple[TradeOffPoint, ...]
    allocator: str


def suggest_within(
    problem: Problem,
    plan: Plan,
    allocator: Allocator,
    metric: str,
    share: float,
    accuracy: Accuracy,
    known: TradeOff | None = None,
) -> Suggestion:
    """The most accurate plan this rule finds within a budget.

    Args:
        problem: What may be chosen.
        plan: Its other settings stay.
        allocator: The rule.
        metric: One of the problem's.
        share: Fraction of the dense model's cost to keep, in (0, 1].
        accuracy: Predicts accuracy.
        known: What `trade_off` gives, if that is known already.

    Raises:
        PlanError: If no choice costs so little; names the least that can be reached.
    """
    _check(problem, metric)
    if not 0 < share <= 1:
        raise PlanError(
            f"budget {metric} must be in (0, 1], the fraction of the dense model to keep; got "
            f"{share!r}. Use 0.5 to keep half."
        )
    curve = known or trade_off(problem, allocator, metric, accuracy)
    within = first_within if metric in problem.predicted else allocator.within
    kept = within(problem, metric, share, curve.path)
    if kept is None:
        least = f"{float(problem.share(metric, curve.path).min()):.3f}"
        raise PlanError(
            f"budget {metric} must be at least {least} of the dense model, got {share}: "
            "locks, caps, rounding and layers that cannot be pruned leave that much. Unlock "
            "units, raise caps, or ask for less."
        )
    point = network_at(problem, kept, accuracy)
    return Suggestion(plan_at(plan, point), point, curve.points, allocator.name)


def suggest_above(
    problem: Problem,
    plan: Plan,
    allocator: Allocator,
    metric: str,
    floor: float,
    accuracy: Accuracy,
    known: TradeOff | None = None,
) -> Suggestion:
    """The smallest network this rule finds whose predicted accuracy is at least `floor`.

    Raises:
        PlanError: If not even the largest network is predicted to be that accurate.
    """
    _check(problem, metric)
    points = (known or trade_off(problem, allocator, metric, accuracy)).points
    good = [point for point in points if (point.accuracy or 0.0) >= floor]
    if not good:
        best = max((point.accuracy or 0.0) for point in points)
        raise PlanError(
            f"accuracy of a suggestion must be at most {best:.4f}, what the model is predicted to "
            f"have with the least pruning; got {floor}. Ask for less accuracy."
        )
    return Suggestion(plan_at(plan, good[-1]), good[-1], points, allocator.name)


def reachable(problem: Problem) -> dict[str, float]:
    """By metric, the least fraction of the dense model's cost that can be reached."""
    ends = np.concatenate([problem.smallest[None], *in_blocks(problem, problem.smallest[None])])
    return {metric: float(problem.share(metric, ends).min()) for metric in problem.metrics}


def trade_off(
    problem: Problem,
    allocator: Allocator,
    metric: str,
    accuracy: Accuracy,
    monitor: Monitor = SILENT,
) -> TradeOff:
    """The networks a rule goes through, from the largest to the smallest.

    Raises:
        PlanError: If there is no such metric, or nothing to choose.
        Cancelled: If the monitor says so.
    """
    _check(problem, metric)
    counted = "macs" if metric in problem.predicted else metric
    path = _without_gaps(problem, counted, allocator.path(problem, counted, monitor))
    if metric in problem.predicted:
        path = front(problem, metric, path, lambda kept: _worth(problem, kept, accuracy))
    return TradeOff(_points(problem, path, accuracy), path)


def network_at(problem: Problem, kept: np.ndarray, accuracy: Accuracy) -> TradeOffPoint:
    """What is predicted of one network with these counts, shape ``(units,)``."""
    (point,) = _points(problem, kept[None], accuracy)
    return point


def plan_at(plan: Plan, point: TradeOffPoint) -> Plan:
    """A plan that leads to a point: locked units keep the ratios they would have unlocked."""
    own = {unit: ratio if unit in plan.locks else 0.0 for unit, ratio in plan.ratios.items()}
    return plan.with_(scope="local", ratio=0.0, ratios={**own, **point.ratios})


def _without_gaps(problem: Problem, metric: str, path: np.ndarray) -> np.ndarray:
    """A path with networks in between where its next one costs a good deal less."""
    shares = problem.share(metric, path)
    rows = [path[:1]]
    for before, after, gap in zip(path, path[1:], -np.diff(shares), strict=False):
        ways = np.linspace(0, 1, max(1, round(gap / FINE)) + 1)[1:-1, None]
        between = [problem.allowed(wanted) for wanted in before + ways * (after - before)]
        rows.append(np.array([*between, after]))
    found = np.concatenate(rows)
    return np.asarray(found[np.append(True, (np.diff(found, axis=0) != 0).any(axis=1))])


def _points(problem: Problem, path: np.ndarray, accuracy: Accuracy) -> tuple[TradeOffPoint, ...]:
    ratios = _ratios(problem, path)
    shares = {metric: problem.share(metric, path).tolist() for metric in problem.metrics}
    known = accuracy(ratios)
    return tuple(
        TradeOffPoint(
            {unit: float(column[number]) for unit, column in ratios.items()},
            {metric: column[number] for metric, column in shares.items()},
            None if known is None else float(known.values[number]),
            None if known is None else known.bar(number),
        )
        for number in range(len(path))
    )


def _ratios(problem: Problem, path: np.ndarray) -> dict[str, np.ndarray]:
    """By unit name, what networks with these counts remove."""
    found = 1 - path / np.array([unit.size for unit in problem.units])
    return dict(zip((unit.name for unit in problem.units), found.T, strict=True))


def _worth(problem: Problem, kept: np.ndarray, accuracy: Accuracy) -> np.ndarray:
    """What networks are chosen by: predicted accuracy, or multiply-adds where that is unknown."""
    known = accuracy(_ratios(problem, kept))
    return problem.share("macs", kept) if known is None else known.values


def _check(problem: Problem, metric: str) -> None:
    if metric not in problem.metrics:
        known = ", ".join(problem.metrics)
        raise PlanError(f"metric of a budget must be one of {known}; got {metric!r}.")
    if not problem.units:
        raise PlanError(
            "a suggestion needs units that it may prune, got none: every unit is locked, was not "
            "scanned or cannot be pruned. Unlock some with plan.unlock(...); session.units says "
            "why a unit cannot be pruned."
        )
