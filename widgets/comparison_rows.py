"""A comparison of two steps as a person reads it."""

from collections.abc import Sequence
from typing import Literal, TypedDict

from widgets.metric_lines import METRIC_LINES, MetricLine
from workbench.comparison import Comparison, MetricChange
from workbench.session.history import Step
from workbench.targets import BETTER

MOST_SETTINGS = 12

_ABSENT = "–"


class MetricRow(TypedDict):
    """One metric of both steps."""

    label: str
    hint: str
    first: str
    second: str
    difference: str
    verdict: Literal["better", "worse", ""]  # what B is


class LayerRow(TypedDict):
    """One layer: counts of the dense model, of A and of B."""

    layer: str
    kind: str
    channels: list[int]
    weights: list[int]


class Described(TypedDict):
    """All that a view of a comparison shows."""

    first: int
    second: int
    first_title: str
    second_title: str
    ways: list[str]
    settings: list[list[str]]  # name, of A, of B
    more_settings: int
    metrics: list[MetricRow]
    layers: list[LayerRow]


def described(comparison: Comparison) -> Described:
    """A comparison as plain data."""
    first, second = comparison.first, comparison.second
    changes = {change.metric: change for change in comparison.metrics}
    settings = comparison.settings
    return {
        "first": first.id,
        "second": second.id,
        "first_title": first.title,
        "second_title": second.title,
        "ways": ways_in_words(comparison),
        "settings": [[s.name, s.first, s.second] for s in settings[:MOST_SETTINGS]],
        "more_settings": max(0, len(settings) - MOST_SETTINGS),
        "metrics": [_metric_row(line, changes[line.metric]) for line in METRIC_LINES],
        "layers": [
            {
                "layer": change.layer,
                "kind": change.kind,
                "channels": [change.channels.dense, change.channels.first, change.channels.second],
                "weights": [change.weights.dense, change.weights.first, change.weights.second],
            }
            for change in comparison.layers
        ],
    }


def ways_in_words(comparison: Comparison) -> list[str]:
    """How one gets from one step to the other."""
    shared, first, second = comparison.shared, comparison.first_way, comparison.second_way
    if not first and not second:
        return ["A and B are the same step."]
    if not first:
        return [f"From A to B: {_in_words(second)}."]
    if not second:
        return [f"From B to A: {_in_words(first)}."]
    return [
        f"Both come from step {shared.id}, {shared.title}.",
        f"Then A: {_in_words(first)}.",
        f"Then B: {_in_words(second)}.",
    ]


def _in_words(way: Sequence[Step]) -> str:
    return ", ".join(step.action.title for step in way)


def _metric_row(line: MetricLine, change: MetricChange) -> MetricRow:
    return {
        "label": line.label,
        "hint": line.hint,
        "first": _ABSENT if change.first is None else line.text(change.first),
        "second": _ABSENT if change.second is None else line.text(change.second),
        "difference": _difference(line, change),
        "verdict": _verdict(change),
    }


def _difference(line: MetricLine, change: MetricChange) -> str:
    """Of the accuracy in percentage points, of all else relative to A."""
    if line.metric == "accuracy":
        return (
            ""
            if change.difference is None
            else f"{100 * change.difference:+.1f} points".replace("-", "−")
        )
    return "" if change.relative is None else f"{100 * change.relative:+.0f} %".replace("-", "−")


def _verdict(change: MetricChange) -> Literal["better", "worse", ""]:
    # Where there is one, the figure that is shown: of latency it is not the difference of both.
    difference = change.difference if change.relative is None else change.relative
    if not difference:
        return ""
    higher = BETTER[change.metric] == "higher"
    return "better" if (difference > 0) == higher else "worse"
