"""Two steps of a history, beside each other."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.comparison.layers import LayerChange, compare_layers
from workbench.measure.metrics import FIGURES
from workbench.session.history import History, Step

_ABSENT = "–"


@dataclass(frozen=True)
class MetricChange:
    """One figure of both steps; None where it was not measured.

    Attributes:
        metric: Its name in `Metrics`.
        first, second: Of the two steps; of latency the median.
        relative: Second against first, as a fraction of the first; None also if that is 0. Of
            latency it comes from both speed-ups, each measured in turn with the dense model:
            figures of different hours differ for other reasons.
    """

    metric: str
    first: float | None
    second: float | None
    relative: float | None

    @property
    def difference(self) -> float | None:
        """Second less first."""
        if self.first is None or self.second is None:
            return None
        return self.second - self.first


@dataclass(frozen=True)
class SettingChange:
    """A setting that both steps were made with, to different values, as text.

    Attributes:
        name: Where it is in the action's data, such as ``"plan.criterion"``.
        first, second: Its values.
    """

    name: str
    first: str
    second: str


@dataclass(frozen=True)
class Comparison:
    """What tells two steps apart.

    Attributes:
        first, second: The steps.
        shared: The last step that the ways to both have in common; it may be one of the two.
        first_way, second_way: The steps from there to each.
        settings: If both were made by the same kind of action: how its settings differ.
        metrics: Every figure of `Metrics`.
        layers: Every convolution and linear layer, in the model's order.
    """

    first: Step
    second: Step
    shared: Step
    first_way: tuple[Step, ...]
    second_way: tuple[Step, ...]
    settings: tuple[SettingChange, ...]
    metrics: tuple[MetricChange, ...]
    layers: tuple[LayerChange, ...]


def compare(history: History, first_id: int, second_id: int) -> Comparison:
    """Put two steps of a history beside each other.

    Args:
        history: A session's.
        first_id, second_id: Any two of its steps.

    Raises:
        HistoryError: If there is no such step.
    """
    first, second = history[first_id], history[second_id]
    first_path, second_path = history.path(first_id), history.path(second_id)
    common = sum(
        a.id == b.id for a, b in zip(first_path, second_path, strict=False)
    )  # paths of a tree part once and for all
    return Comparison(
        first,
        second,
        first_path[common - 1],
        first_path[common:],
        second_path[common:],
        _settings(first, second),
        tuple(_change(name, first, second) for name in FIGURES),
        compare_layers(
            history.model_of(0), history.model_of(first_id), history.model_of(second_id)
        ),
    )


def _change(metric: str, first: Step, second: Step) -> MetricChange:
    values = _figure(metric, first), _figure(metric, second)
    if metric == "latency_ms":  # the faster, the shorter
        relative = _relative(_figure("speedup", second), _figure("speedup", first))
    else:
        relative = _relative(*values)
    return MetricChange(metric, *values, relative)


def _figure(metric: str, step: Step) -> float | None:
    if metric == "speedup" and step.parent is None and step.metrics.latency_ms is not None:
        return 1.0  # the dense model, against itself
    return step.metrics.figure(metric)


def _relative(first: float | None, second: float | None) -> float | None:
    return second / first - 1 if first and second is not None else None


def _settings(first: Step, second: Step) -> tuple[SettingChange, ...]:
    if first.kind != second.kind:
        return ()
    ours, theirs = (dict(_flat(step.action.arguments())) for step in (first, second))
    names = [*ours, *(name for name in theirs if name not in ours)]
    changes = (
        SettingChange(name, ours.get(name, _ABSENT), theirs.get(name, _ABSENT)) for name in names
    )
    return tuple(change for change in changes if change.first != change.second)


def _flat(data: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Leaves of nested data as text, by the way to them."""
    leaves: list[tuple[str, str]] = []
    for name, value in data.items():
        if isinstance(value, Mapping):
            leaves += _flat(value, f"{prefix}{name}.")
        else:
            leaves.append((f"{prefix}{name}", str(value)))
    return leaves
