"""From a budget to a plan, and the whole trade-off it was taken from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from workbench.allocation.base import Allocator
from workbench.allocation.costs import METRICS
from workbench.allocation.problem import Problem
from workbench.errors import PlanError
from workbench.plan import Plan

Accuracy = Callable[[Mapping[str, float]], float | None]
"""Predicted accuracy in [0, 1] of pruning by unit name to these ratios; None if unknown."""


@dataclass(frozen=True)
class TradeOffPoint:
    """One network on the way from the largest to the smallest.

    Attributes:
        ratios: By unit name, the ratio.
        shares: By metric, the cost as a fraction of the dense model's.
        accuracy: Predicted, in [0, 1]; None without measured sensitivity.
    """

    ratios: Mapping[str, float]
    shares: Mapping[str, float]
    accuracy: float | None


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
) -> Suggestion:
    """The most accurate plan this rule finds within a budget.

    Args:
        problem: What may be chosen.
        plan: Its other settings stay.
        allocator: The rule.
        metric: One of ``parameters``, ``macs``, ``size_bytes``.
        share: Fraction of the dense model's cost to keep, in (0, 1].
        accuracy: Predicts accuracy.

    Raises:
        PlanError: If no choice costs so little; names the least that can be reached.
    """
    _check_metric(metric)
    if not 0 < share <= 1:
        raise PlanError(
            f"budget {metric} must be in (0, 1], the fraction of the dense model to keep; got "
            f"{share!r}. Use 0.5 to keep half."
        )
    kept = allocator.within(problem, metric, share)
    if kept is None:
        least = reachable(problem)[metric]
        raise PlanError(
            f"budget {metric} must be at least {least:.3f} of the dense model, got {share}: "
            "locks, caps, rounding and layers that cannot be pruned leave that much. Unlock "
            "units, raise caps, or ask for less."
        )
    return _suggestion(problem, plan, allocator, metric, kept, accuracy)


def suggest_above(
    problem: Problem,
    plan: Plan,
    allocator: Allocator,
    metric: str,
    floor: float,
    accuracy: Accuracy,
) -> Suggestion:
    """The smallest network this rule finds whose predicted accuracy is at least `floor`.

    Raises:
        PlanError: If not even the largest network is predicted to be that accurate.
    """
    _check_metric(metric)
    path = allocator.path(problem, metric)
    points = [_point(problem, kept, accuracy) for kept in path]
    good = [n for n, point in enumerate(points) if (point.accuracy or 0.0) >= floor]
    if not good:
        best = max((point.accuracy or 0.0) for point in points)
        raise PlanError(
            f"accuracy of a suggestion must be at most {best:.4f}, what the model is predicted to "
            f"have with the least pruning; got {floor}. Ask for less accuracy."
        )
    return _suggestion(problem, plan, allocator, metric, path[good[-1]], accuracy, tuple(points))


def reachable(problem: Problem) -> dict[str, float]:
    """By metric, the least fraction of the dense model's cost that can be reached."""
    return {metric: float(problem.share(metric, problem.smallest)) for metric in METRICS}


def trade_off(
    problem: Problem, allocator: Allocator, metric: str, accuracy: Accuracy
) -> tuple[TradeOffPoint, ...]:
    """The networks a rule goes through, from the largest to the smallest."""
    path = allocator.path(problem, metric)
    return tuple(_point(problem, kept, accuracy) for kept in path)


def _suggestion(
    problem: Problem,
    plan: Plan,
    allocator: Allocator,
    metric: str,
    kept: np.ndarray,
    accuracy: Accuracy,
    curve: tuple[TradeOffPoint, ...] | None = None,
) -> Suggestion:
    point = _point(problem, kept, accuracy)
    found = curve if curve is not None else trade_off(problem, allocator, metric, accuracy)
    ratios = {**dict.fromkeys(plan.ratios, 0.0), **point.ratios}
    chosen = plan.with_(scope="local", ratio=0.0, ratios=ratios)
    return Suggestion(chosen, point, found, allocator.name)


def _point(problem: Problem, kept: np.ndarray, accuracy: Accuracy) -> TradeOffPoint:
    ratios = {
        unit.name: float(1 - count / unit.size)
        for unit, count in zip(problem.units, kept, strict=True)
    }
    shares = {metric: float(problem.share(metric, kept)) for metric in METRICS}
    return TradeOffPoint(ratios, shares, accuracy(ratios))


def _check_metric(metric: str) -> None:
    if metric not in METRICS:
        raise PlanError(f"metric of a budget must be one of {', '.join(METRICS)}; got {metric!r}.")
