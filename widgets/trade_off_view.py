"""What there is to see of a session's trade-offs, in words and as marks of the chart."""

from collections.abc import Mapping, Sequence

import numpy as np

from widgets import wording
from widgets.charts.trade_off import Mark
from workbench import Plan, Session
from workbench.allocation.problem import TITLES
from workbench.allocation.suggestion import TradeOffPoint

MOST_STOPS = 200
"""Positions of the master slider: about as many as it has pixels."""


def stops(points: Sequence[TradeOffPoint], metric: str) -> tuple[TradeOffPoint, ...]:
    """The points a slider stops at: evenly spread over what they keep, the two ends included."""
    if len(points) < 2:
        return tuple(points)
    shares = np.array([point.shares[metric] for point in points])
    wanted = np.linspace(shares[0], shares[-1], MOST_STOPS)
    chosen = {int(np.abs(shares - share).argmin()) for share in wanted} | {0, len(points) - 1}
    return tuple(points[number] for number in sorted(chosen))


def nearest(points: Sequence[TradeOffPoint], plan: TradeOffPoint, metric: str) -> int:
    """The position of the point closest to a plan: the same one, or else by what it costs."""
    for number, point in enumerate(points):
        if _same(point, plan):
            return number
    distances = [abs(point.shares[metric] - plan.shares[metric]) for point in points]
    return int(np.argmin(distances)) if distances else 0


def off_curve(points: Sequence[TradeOffPoint], plan: TradeOffPoint, metric: str) -> str:
    """What to say of a plan that is none of the points; "" if it is one."""
    if not points or any(_same(point, plan) for point in points):
        return ""
    return f"The plan lies beside this curve: {in_words(plan, metric)}"


def in_words(point: TradeOffPoint, metric: str) -> str:
    """A point as a person reads it."""
    kept = f"keeps {wording.percent(point.shares[metric])} of {TITLES[metric]}"
    if point.accuracy is None:
        return kept
    accuracy = (
        wording.percent(point.accuracy)
        if point.bar is None
        else wording.within(wording.percent, point.bar)
    )
    return f"{kept} · predicted accuracy {accuracy}"


def least_in_words(reachable: Mapping[str, float], metric: str) -> str:
    """How small a network can get, in words; "" as long as that is unknown."""
    if metric not in reachable:
        return ""
    return (
        f"With these locks, caps and rounding, {TITLES[metric]} can go down to "
        f"{wording.percent(reachable[metric])} of the dense model."
    )


def marks(session: Session, metric: str, point: TradeOffPoint | None) -> list[Mark]:
    """The dense model, the model now, the plan, and where the master slider stands."""
    whole = session.scanned
    plan, previewed = session.estimate(), session.previewed
    found: list[Mark] = []
    if whole is not None:
        what = "dense model" if session.history.current.id == 0 else "model now"
        share = session.estimate(Plan()).shares[metric]
        found.append(_measured(what, share, whole.baseline.accuracy))
    if point is not None:
        found.append(_predicted("on curve", point, metric))
    if previewed is not None:
        found.append(_measured("plan", plan.shares[metric], previewed.accuracy))
    else:
        found.append(_predicted("plan", plan, metric))
    return found


def _measured(what: str, share: float, accuracy: float) -> Mark:
    return {"what": what, "share": share, "accuracy": accuracy, "measured": True, "bar": None}


def _predicted(what: str, point: TradeOffPoint, metric: str) -> Mark:
    bar = None if point.bar is None else (point.bar.low, point.bar.high)
    return {
        "what": what,
        "share": point.shares[metric],
        "accuracy": point.accuracy,
        "measured": False,
        "bar": bar,
    }


def _same(point: TradeOffPoint, plan: TradeOffPoint) -> bool:
    return all(abs(plan.ratios[unit] - ratio) < 1e-9 for unit, ratio in point.ratios.items())
