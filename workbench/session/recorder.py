"""Commits steps: measures what decides first, then what takes seconds."""

from typing import Any

from workbench.actions import Action
from workbench.events import ActionTaken, EventBus, HistoryChanged
from workbench.measure.metrics import Metrics
from workbench.progress import Cancelled, Monitor, Part
from workbench.pruned import PrunedModel
from workbench.session.history import History, Step
from workbench.session.measuring import Gauge
from workbench.session.onnx_files import OnnxFiles


class Recorder:
    """Writes to a history; used by the engine thread alone."""

    def __init__(self, history: History, gauge: Gauge, files: OnnxFiles, bus: EventBus) -> None:
        self._history, self._gauge, self._files, self._bus = history, gauge, files, bus

    def measure_opened(self, monitor: Monitor) -> Metrics:
        """Measure the model as it was opened."""
        dense = self._history.model_of(0)
        self._update(0, self._gauge.accuracy(dense, Part(monitor, 0, 40, 100)))
        self._measure_deployment(0, Part(monitor, 40, 100, 100))
        return self._history[0].metrics

    def measured(self, step_id: int) -> bool:
        """Whether everything is known of a step that can be measured."""
        step = self._history[step_id]
        runtimes = step.metrics.latency_ms is not None or bool(step.notes)
        return step.metrics.accuracy is not None and runtimes

    def measure_again(self, step_id: int, monitor: Monitor) -> None:
        """Measure what was not measured when a step was committed."""
        self._measure_deployment(step_id, monitor)

    def commit(self, model: PrunedModel, action: Action, monitor: Monitor, **details: Any) -> Step:
        """Measure accuracy, commit, then measure the rest.

        Cancelling before the commit leaves the history as it was; cancelling after it leaves
        the step without latency and file sizes.
        """
        metrics = self._gauge.accuracy(model, Part(monitor, 0, 20, 100))
        parent = self._history.current.id
        step = Step(self._history.next_id(), parent, action, metrics, **details)
        step = self._history.commit(model, step)
        self._bus.emit(HistoryChanged(step.id))
        self._bus.emit(ActionTaken(action, step.id))
        self._measure_deployment(step.id, Part(monitor, 20, 100, 100))
        return self._history[step.id]

    def _measure_deployment(self, step_id: int, monitor: Monitor) -> None:
        model, metrics = self._history.model_of(step_id), self._history[step_id].metrics
        try:
            dense = self._files.file(monitor) if step_id else None
            metrics, exported = self._gauge.deployment(model, metrics, dense, monitor)
        except Cancelled:
            return
        except Exception as error:  # the step stands, whatever the runtimes said
            self._history.annotate(step_id, f"latency and file sizes not measured: {error}")
        else:
            self._files.keep(model, exported)
            self._history.measured(step_id, metrics)
        self._bus.emit(HistoryChanged(self._history.current.id))

    def _update(self, step_id: int, metrics: Metrics) -> None:
        self._history.measured(step_id, metrics)
        self._bus.emit(HistoryChanged(self._history.current.id))
