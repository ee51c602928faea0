"""The rows of the history tree, from a session."""

from typing import TypedDict

from widgets.branches import placed
from widgets.metric_lines import BY_METRIC
from workbench import Session
from workbench.session.history import Step

FIGURES = ("accuracy", "nonzero_parameters", "macs", "size_bytes", "latency_ms")
"""Metrics with a column of their own; all but the accuracy relative to the dense model."""

HEADINGS = ("accuracy", "weights", "MACs", "size", "latency")

_PENDING, _ABSENT = "…", "–"


class Figure(TypedDict):
    """One figure: as it is shown, and in full."""

    text: str
    title: str


class HistoryRow(TypedDict):
    """One step. What the tree looks like at its row is said as in `branches.Placed`."""

    step: int
    parent: int | None
    lane: int
    branches: bool
    ends: bool
    kind: str
    action: str  # what was done
    name: str
    remark: str
    created: str  # ISO 8601, UTC
    notes: list[str]
    figures: list[Figure]  # in the order of `FIGURES`


def history_rows(session: Session) -> list[HistoryRow]:
    """All steps, from the first to the newest, branches set aside in between."""
    history, dense = session.history, session.history[0]
    steps = {step.id: step for step in history}
    arriving = {0, history.current.id} if session.busy else {0}
    return [
        {
            "step": row.step,
            "parent": step.parent,
            "lane": row.lane,
            "branches": row.branches,
            "ends": row.ends,
            "kind": step.kind,
            "action": step.action.title,
            "name": step.name,
            "remark": step.remark,
            "created": step.created,
            "notes": list(step.notes),
            "figures": [
                _figure(metric, step, dense, pending=row.step in arriving and not step.notes)
                for metric in FIGURES
            ],
        }
        for row in placed({step.id: step.parent for step in steps.values()})
        for step in [steps[row.step]]
    ]


def _figure(metric: str, step: Step, dense: Step, *, pending: bool) -> Figure:
    line, value = BY_METRIC[metric], step.metrics.figure(metric)
    if value is None:
        words = "being measured" if pending else "not measured"
        return {"text": _PENDING if pending else _ABSENT, "title": f"{line.label} {words}"}
    share = None if metric == "accuracy" else _share_of_dense(metric, step, dense)
    title = f"{line.label} {line.text(value)}"
    if share is None or step.id == 0:
        return {"text": line.text(value), "title": title}
    kept = f"{100 * share:.0f} %"
    return {"text": kept, "title": f"{title}, {kept} of the dense model's"}


def _share_of_dense(metric: str, step: Step, dense: Step) -> float | None:
    """Of latency what was measured in turn with the dense model; figures of other days differ."""
    if metric == "latency_ms":
        speedup = step.metrics.figure("speedup")
        return 1 / speedup if speedup else None
    whole, value = dense.metrics.figure(metric), step.metrics.figure(metric)
    return value / whole if whole and value is not None else None
