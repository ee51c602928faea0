"""Which parts of the screen an event concerns."""

from workbench.events import (
    AccuracyLearned,
    ActionTaken,
    BatchTrained,
    ChannelsInspected,
    DeviceChanged,
    EpochTrained,
    Event,
    EvidenceGathered,
    FigureMeasured,
    HistoryChanged,
    LatencyLearned,
    LatencyMeasured,
    ModelAnswered,
    NotSaved,
    PlanChanged,
    PlanSpotChecked,
    PointMeasured,
    PreviewMeasured,
    SensitivityEstimated,
    TargetsChanged,
    TaskEnded,
    TaskProgress,
    TaskStarted,
    TrainingEnded,
    TrainingStarted,
)
from workbench.session.bench import LAYERS

_OF_A_SLIDER = ("preview", "timing")
"""Kinds of task that no control waits for."""

_PLAN = ("units", "board", "controls", "layer", "channels", "suggest", "flips")

_BY_EVENT: dict[type[Event], tuple[str, ...]] = {
    PlanChanged: _PLAN,
    ActionTaken: ("controls",),
    NotSaved: ("status",),
    EvidenceGathered: (*_PLAN, "outlook"),
    DeviceChanged: ("board", "outlook", "suggest", "controls", "history"),
    FigureMeasured: ("board", "outlook", "controls"),
    HistoryChanged: (
        "rows",
        "board",
        "outlook",
        "controls",
        "layer",
        "history",
        "pareto",
        "compare",
        "channels",
        "suggest",
        "flips",
    ),
    PreviewMeasured: ("board", "outlook", "suggest", "flips"),
    ModelAnswered: ("flips",),
    LatencyMeasured: ("board", "suggest"),
    LatencyLearned: ("board", "outlook", "suggest"),
    AccuracyLearned: ("board", "outlook", "suggest"),
    PlanSpotChecked: ("board",),
    TargetsChanged: ("board", "outlook", "suggest", "pareto"),
    PointMeasured: ("units", "layer"),
    SensitivityEstimated: ("layer",),
    ChannelsInspected: ("channels", "outlook"),
    TrainingStarted: ("recovery",),
    BatchTrained: ("recovery",),
    EpochTrained: ("recovery",),
    TrainingEnded: ("recovery",),
    TaskProgress: ("status", "suggest"),
}


def views_of(event: Event) -> tuple[str, ...]:
    """Names of the views to draw again."""
    if isinstance(event, TaskStarted | TaskEnded):
        return _views_of_task(event)
    views = _BY_EVENT.get(type(event), ())
    if isinstance(event, FigureMeasured) and event.figure == LAYERS:
        views += ("rows",)  # the table shows each layer's share of time
    return views


def _views_of_task(event: TaskStarted | TaskEnded) -> tuple[str, ...]:
    views: tuple[str, ...] = ("status", "suggest", "flips")
    if event.kind not in _OF_A_SLIDER:
        views += ("controls", "recovery", "channels", "history")
    if event.kind == "evidence" and isinstance(event, TaskEnded):
        views += ("layer",)  # it may have been stopped, and then says so
    return views
