"""History: the charts of every step, and undo and redo."""

from collections.abc import Callable

import ipywidgets

from widgets.charts.steps import StepFigures, StepsChart
from widgets.panels.chart_slot import ChartSlot
from widgets.panels.controls import action_button, enable
from workbench import Session


class HistoryPanel:
    """Accuracy, size and latency over the steps that led here; undo and redo.

    Args:
        session: Whose history it is.
        undo, redo: Called when the buttons are pressed.
    """

    def __init__(
        self, session: Session, undo: Callable[[], None], redo: Callable[[], None]
    ) -> None:
        self._session = session
        self._undo = action_button("↶ Undo", "undo", undo)
        self._redo = action_button("↷ Redo", "redo", redo)
        self.buttons = ipywidgets.HBox([self._undo, self._redo])
        self.charts = ChartSlot(StepsChart, self._draw)
        self.root = self.charts.root

    def update(self) -> None:
        """Show what can be undone and redone."""
        history, busy = self._session.history, self._session.busy
        reason = "a step is being made" if busy else ""
        can_undo = "" if history.can_undo else "this is the model as it was opened"
        can_redo = "" if history.can_redo else "nothing was undone"
        enable(self._undo, "Go back one step", reason or can_undo)
        enable(self._redo, "Return to the step undone last", reason or can_redo)

    def _draw(self, chart: StepsChart) -> None:
        chart.update(step_figures(self._session), str(self._session.history.current.id))


def step_figures(session: Session) -> list[StepFigures]:
    """The steps that led to the current one, as the chart takes them."""
    figures: list[StepFigures] = []
    for step in session.history.path():
        latency = step.metrics.latency_ms
        figures.append(
            {
                "id": str(step.id),
                "label": step.title,
                "accuracy": step.metrics.accuracy,
                "size_bytes": step.metrics.size_bytes,
                "latency_ms": latency.median_ms if latency else None,
                "latency_p10_ms": latency.p10_ms if latency else None,
                "latency_p90_ms": latency.p90_ms if latency else None,
            }
        )
    return figures
