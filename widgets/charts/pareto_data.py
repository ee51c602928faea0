"""What a Pareto chart of steps shows, as plain columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from workbench.comparison import pareto_front

KINDS: Mapping[str, tuple[str, str]] = {
    "open": ("opened", "square"),
    "prune": ("pruned", "inverted_triangle"),
    "finetune": ("fine-tuned", "circle"),
    "measure": ("measured again", "diamond"),
}
"""By kind of action: what the legend calls it, and its mark."""

_OTHER = ("other", "hex")
WHATS = tuple(label for label, _ in (*KINDS.values(), _OTHER))
LINES = ("front", "path", "target")
_RING_PX = 20
_PALE = 0.35

GAP = 15.0
"""Percentage points between two neighbouring accuracies from which the scale ends."""

Place = tuple[float, float]


class StepPoint(TypedDict):
    """One step, as the chart takes it."""

    id: int
    title: str
    kind: str  # of its action
    accuracy: float | None  # in [0, 1]
    cost: float | None  # None where it was not measured
    cost_text: str


class CostAxis(TypedDict):
    """What is laid off along the horizontal axis."""

    title: str
    unit: str  # such as "kB"; "" for plain counts
    per_unit: float
    target: float | None


@dataclass(frozen=True)
class Scale:
    """Which accuracies are drawn to scale.

    Attributes:
        low: The lowest, in %.
        edge: Where all below are drawn.
    """

    low: float
    edge: float

    def height(self, accuracy: float) -> float:
        """Where an accuracy is drawn."""
        return accuracy if accuracy >= self.low else self.edge


ALL = Scale(float("-inf"), float("-inf"))


def scale_of(points: Sequence[StepPoint], accuracy_target: float | None = None) -> Scale:
    """What of the accuracies is drawn to scale.

    A step that was pruned and not recovered yet is often so far below all others that it would
    press them into one line. Everything below the first gap of `GAP` is drawn at the lower edge.
    """
    known = (100 * p["accuracy"] for p in points if p["accuracy"] is not None)
    heights = sorted(known, reverse=True)
    inside = heights[:1]
    for height in heights[1:]:
        if inside[-1] - height > GAP:
            break
        inside.append(height)
    if accuracy_target is not None:
        inside.append(100 * accuracy_target)
    low, high = min(inside, default=0.0), max(inside, default=100.0)
    return Scale(low, low - max(0.35 * (high - low), 1.0))


def points_data(
    points: Sequence[StepPoint], per_unit: float = 1, current: int = -1, scale: Scale = ALL
) -> dict[str, list[object]]:
    """One row for each step of which accuracy and cost were measured.

    Args:
        points: All steps.
        per_unit: How much of the cost one unit of the axis is.
        current: The id of the step the session is at; it comes last, so that it lies on top.
        scale: What of the accuracies is drawn to scale.

    Returns:
        Columns ``id``, ``title``, ``what`` (the legend's word), ``marker``, ``cost`` (in units),
        ``height`` (% accuracy, or the lower edge) with ``below`` (what to write at that edge),
        ``accuracy`` (%), ``cost_text``, ``fill`` (opacity: steps that another one beats are
        pale), ``rank`` (in words) and ``ring`` (px around the current step, 0 for others).
    """
    known = _measured(points)
    known.sort(key=lambda point: point.id == current)
    front = {known[place].id for place in _front(known)}
    kinds = [KINDS.get(point.kind, _OTHER) for point in known]
    beaten = [point.id not in front for point in known]
    return {
        "id": [point.id for point in known],
        "title": [point.title for point in known],
        "what": [label for label, _ in kinds],
        "marker": [marker for _, marker in kinds],
        "cost": [point.cost / per_unit for point in known],
        "accuracy": [point.accuracy for point in known],
        "height": [scale.height(point.accuracy) for point in known],
        "below": [
            f"↓ {point.accuracy:.0f} %" if point.accuracy < scale.low else "" for point in known
        ],
        "cost_text": [point.cost_text for point in known],
        "fill": [_PALE if pale else 1.0 for pale in beaten],
        "rank": ["another step beats it" if pale else "no step beats it" for pale in beaten],
        "ring": [_RING_PX if point.id == current else 0 for point in known],
    }


def lines_data(
    points: Sequence[StepPoint],
    axis: CostAxis,
    path: Sequence[int] = (),
    accuracy_target: float | None = None,
    scale: Scale = ALL,
) -> dict[str, list[object]]:
    """The front as a staircase, the way to the current step, and the targets.

    Between two steps of the front the better one is not paid for yet: what can be had there is
    the accuracy of the cheaper one. Steps far below are left out of it.

    Args:
        points: All steps.
        axis: Unit and target of the cost.
        path: Ids of the steps that led to the current one, in order.
        accuracy_target: In [0, 1].
        scale: What of the accuracies is drawn to scale.

    Returns:
        Columns ``what`` ("front", "path", "target" of accuracy and of cost), ``dash``, and ``xs``
        (in units) and ``ys`` (%), one list a line; empty where there is none.
    """
    known, per_unit = _measured(points), axis["per_unit"]
    at = {p.id: (p.cost / per_unit, scale.height(p.accuracy)) for p in known}
    stairs: list[Place] = []
    for place in _front(known):
        x, y = at[known[place].id]
        if y < scale.low:
            continue  # its height there is none
        if stairs:
            stairs.append((x, stairs[-1][1]))
        stairs.append((x, y))
    limit = None if axis["target"] is None else axis["target"] / per_unit
    floor = None if accuracy_target is None else 100 * accuracy_target
    right = max([x for x, _ in at.values()] + ([] if limit is None else [limit]), default=1)
    heights = [y for _, y in at.values()] + ([] if floor is None else [floor])
    low, high = min(heights, default=0), max(heights, default=100)
    lines: tuple[list[Place], ...] = (
        stairs,
        [at[step] for step in path if step in at],
        [] if floor is None else [(0, floor), (right, floor)],
        [] if limit is None else [(limit, low), (limit, max(high, low + 1))],
    )
    return {
        "what": ["front", "path", "target", "target"],
        "dash": ["solid", "dotted", "dashed", "dashed"],
        "xs": [[x for x, _ in line] for line in lines],
        "ys": [[y for _, y in line] for line in lines],
    }


@dataclass(frozen=True)
class _Measured:
    id: int
    title: str
    kind: str
    accuracy: float  # %
    cost: float
    cost_text: str


def _measured(points: Sequence[StepPoint]) -> list[_Measured]:
    return [
        _Measured(
            point["id"],
            point["title"],
            point["kind"],
            100 * point["accuracy"],
            point["cost"],
            point["cost_text"],
        )
        for point in points
        if point["accuracy"] is not None and point["cost"] is not None
    ]


def _front(known: Sequence[_Measured]) -> tuple[int, ...]:
    return pareto_front([point.cost for point in known], [point.accuracy for point in known])
