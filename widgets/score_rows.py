"""The rows of the score board, from a session."""

from dataclasses import dataclass
from typing import Literal

from widgets import wording
from widgets.metric_lines import BY_METRIC, METRIC_LINES, MetricLine
from widgets.score_board import ScoreRow
from workbench import Session
from workbench.estimate import Estimate
from workbench.measure.metrics import Metrics
from workbench.predict import Prediction
from workbench.targets import BETTER, meets

MEASURING = "…"


@dataclass(frozen=True)
class _Planned:
    text: str
    kind: Literal["predicted", "measured", "exact", ""]
    value: float | None = None


def target_value(metric: str, shown: float) -> float:
    """A target as the session wants it, from what was typed in the row's unit."""
    return shown * BY_METRIC[metric].per_unit


def score_rows(session: Session) -> list[ScoreRow]:
    """All rows: the dense model, the current step, and what the plan leads to."""
    dense, now = session.history[0].metrics, session.history.current.metrics
    prediction = session.predict(wait=False)
    planned = changes_anything(session, prediction)
    return [
        _row(session, line, dense, now, prediction if planned else None) for line in METRIC_LINES
    ]


def changes_anything(session: Session, prediction: Prediction) -> bool:
    """Whether carrying out the plan would remove anything."""
    left = session.left()
    return any(prediction.kept[unit] < left[unit] for unit in left)


def _row(
    session: Session, line: MetricLine, dense: Metrics, now: Metrics, prediction: Prediction | None
) -> ScoreRow:
    planned = _planned(session, line, prediction)
    target = session.targets.get(line.metric)
    judged = planned.value if planned.value is not None else now.figure(line.metric)
    return {
        "metric": line.metric,
        "label": line.label,
        "better": BETTER[line.metric],
        "unit": line.unit,
        "dense": _text(line, dense) if line.metric != "speedup" else "",
        "now": _text(line, now) if line.metric != "speedup" or now is not dense else "",
        "planned": planned.text,
        "planned_kind": planned.kind,
        "target": None if target is None else round(target / line.per_unit, 6),
        "met": None if target is None or judged is None else meets(line.metric, judged, target),
        "hint": line.hint + _interval(line, now),
    }


def _planned(session: Session, line: MetricLine, prediction: Prediction | None) -> _Planned:
    """What the plan leads to: measured if it was, else predicted or counted."""
    if prediction is None:
        return _Planned("", "")
    measured = _measured(session, line.metric)
    if measured is not None:
        return _Planned(line.text(measured), "measured", measured)
    known = getattr(prediction, line.metric, None)
    if isinstance(known, Estimate):
        return _Planned(wording.within(line.text, known), "predicted", known.value)
    if known is not None:
        return _Planned(line.text(known), _kind_of_count(line.metric), known)
    return _Planned(MEASURING if line.metric == "accuracy" else "", "")


def _kind_of_count(metric: str) -> Literal["predicted", "exact"]:
    return "predicted" if metric == "energy_mj" else "exact"


def _measured(session: Session, metric: str) -> float | None:
    """The figure that was measured of exactly this plan."""
    previewed, timed = session.previewed, session.timed
    if metric == "accuracy" and previewed:
        return previewed.accuracy
    if metric == "latency_ms" and timed:
        return timed.latency.median_ms
    if metric == "speedup" and timed:
        return timed.speedup.value
    return None


def _text(line: MetricLine, metrics: Metrics) -> str:
    value = metrics.figure(line.metric)
    return MEASURING if value is None else line.text(value)


def _interval(line: MetricLine, metrics: Metrics) -> str:
    ratio = metrics.speedup
    if line.metric != "speedup" or ratio is None:
        return ""
    return f" 95 % interval: {ratio.low:.2f} to {ratio.high:.2f}."
