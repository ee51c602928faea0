"""The rows of the score board, from a session."""

from dataclasses import dataclass
from typing import Literal

from widgets import wording
from widgets.metric_lines import BY_METRIC, METRIC_LINES, MetricLine
from widgets.score_board import Planned, ScoreRow
from workbench import Session
from workbench.estimate import Estimate
from workbench.measure.metrics import Metrics
from workbench.predict import Prediction
from workbench.targets import BETTER, meets

MEASURING = "…"
_OF_ZEROS = ("nonzero_parameters", "onnx_gzip_bytes")
_TINY_MS = 1e-6


@dataclass(frozen=True)
class _Figure:
    text: str
    kind: Literal["predicted", "measured", "exact", ""]
    value: float | None = None


def target_value(metric: str, shown: float) -> float:
    """A target as the session wants it, from what was typed in the row's unit."""
    return shown * BY_METRIC[metric].per_unit


def score_rows(session: Session) -> list[ScoreRow]:
    """All rows: the dense model, the current step, and what the plan leads to."""
    now = session.history.current.metrics
    dense = session.history[0].metrics.beside(now)
    prediction = session.predict(wait=False)
    planned = prediction if changes_anything(session, prediction) else None
    return [
        _row(session, line, dense, now, _planned(session, line, planned)) for line in METRIC_LINES
    ]


def planned_cells(session: Session, prediction: Prediction) -> dict[str, Planned]:
    """By metric, what its row would say of a plan of which nothing was measured."""
    now = session.history.current.metrics
    planned = prediction if changes_anything(session, prediction) else None
    return {
        line.metric: _cell(session, line, now, _foreseen(session, line, planned))
        for line in METRIC_LINES
    }


def changes_anything(session: Session, prediction: Prediction) -> bool:
    """Whether carrying out the plan would remove anything."""
    left = session.left()
    return any(prediction.kept[unit] < left[unit] for unit in left)


def _cell(session: Session, line: MetricLine, now: Metrics, figure: _Figure) -> Planned:
    target = session.targets.get(line.metric)
    judged = figure.value if figure.value is not None else now.figure(line.metric)
    return {
        "planned": figure.text,
        "planned_kind": figure.kind,
        "met": None if target is None or judged is None else meets(line.metric, judged, target),
    }


def _row(
    session: Session, line: MetricLine, dense: Metrics, now: Metrics, figure: _Figure
) -> ScoreRow:
    target = session.targets.get(line.metric)
    return {
        "metric": line.metric,
        "label": line.label,
        "better": BETTER[line.metric],
        "unit": line.unit,
        "dense": _text(session, line, dense) if line.metric != "speedup" else "",
        "now": _text(session, line, now) if line.metric != "speedup" or now is not dense else "",
        **_cell(session, line, now, figure),
        "target": None if target is None else round(target / line.per_unit, 6),
        "hint": line.hint + _conditions(line, now),
        "more": line.more and target is None and not _shown_for(session, line),
    }


def _planned(session: Session, line: MetricLine, prediction: Prediction | None) -> _Figure:
    """What the plan leads to: measured if it was, else predicted or counted."""
    measured = None if prediction is None else _measured(session, line.metric)
    if measured is not None:
        return _Figure(line.text(measured), "measured", measured)
    return _foreseen(session, line, prediction)


def _foreseen(session: Session, line: MetricLine, prediction: Prediction | None) -> _Figure:
    if prediction is None:
        return _Figure("", "")
    known = _predicted(session, line.metric, prediction)
    if isinstance(known, Estimate):
        return _Figure(wording.within(line.text, known), "predicted", known.value)
    if known is not None:
        return _Figure(line.text(known), _kind_of_count(line.metric), known)
    return _Figure(MEASURING if line.metric == "accuracy" else "", "")


def _predicted(session: Session, metric: str, prediction: Prediction) -> float | Estimate | None:
    if metric != "throughput":
        found: float | Estimate | None = getattr(prediction, metric, None)
        return found
    latency = prediction.latency_ms
    if latency is None:
        return None
    inputs = 1e3 * session.conditions.batch_size
    return Estimate(
        inputs / latency.value, inputs / latency.high, inputs / max(latency.low, _TINY_MS)
    )


def _shown_for(session: Session, line: MetricLine) -> bool:
    """Where weights are pruned, what that lowers is not folded away."""
    return session.plan.granularity != "channel" and line.metric in _OF_ZEROS


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
    if metric == "throughput" and timed:
        return 1e3 * session.conditions.batch_size / timed.latency.median_ms
    return None


def _text(session: Session, line: MetricLine, metrics: Metrics) -> str:
    value = metrics.figure(line.metric)
    if value is not None:
        return line.text(value)
    asked_for = line.metric != "peak_memory_bytes" or session.learning("memory")
    return MEASURING if asked_for else ""


def _conditions(line: MetricLine, metrics: Metrics) -> str:
    """How far a figure of now is to be trusted, and what it was measured on."""
    ratio, latency, part = metrics.speedup, metrics.latency_ms, metrics.activation_bytes
    if line.metric == "speedup" and ratio is not None:
        return f" 95 % interval: {ratio.low:.2f} to {ratio.high:.2f}."
    if line.metric == "latency_ms" and latency is not None:
        low, high = (wording.milliseconds(value) for value in (latency.p10_ms, latency.p90_ms))
        return f" On {metrics.measured_on}; one round in ten below {low}, one in ten above {high}."
    if line.metric == "peak_memory_bytes" and part is not None:
        return f" Values between layers, by their shapes: {wording.size(part)} of it."
    return ""
