"""Moving to another device or batch size: every step is timed there, and only then it counts."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from workbench.actions.use_device import UseDevice
from workbench.devices import word_of
from workbench.events import ActionTaken, DeviceChanged, EventBus, HistoryChanged
from workbench.measure.latency import Latency
from workbench.progress import Monitor, Part
from workbench.session.conditions import Conditions
from workbench.session.forecast import Forecast
from workbench.session.history import History
from workbench.session.measuring import Gauge, timed
from workbench.session.onnx_files import OnnxFiles
from workbench.session.timing import Timing

TOGETHER = 5
"""So many steps are timed beside one run of the dense network."""


class Moving:
    """Used by the engine thread alone.

    Args:
        history: Whose steps are timed.
        gauge: Knows the input, and the conditions that hold.
        dense: The file that is cut.
        timing: Forgets what it learned elsewhere.
        forecast: Likewise.
        bus: Told when the conditions are others.
    """

    def __init__(
        self,
        history: History,
        gauge: Gauge,
        dense: OnnxFiles,
        timing: Timing,
        forecast: Forecast,
        bus: EventBus,
    ) -> None:
        self._history, self._gauge, self._dense = history, gauge, dense
        self._timing, self._forecast, self._bus = timing, forecast, bus

    def move(self, conditions: Conditions) -> Callable[[Monitor], Conditions]:
        """The work of timing all steps under other conditions, and adopting these.

        If it fails or is cancelled, everything stays as it was.
        """

        def work(monitor: Monitor) -> Conditions:
            latencies = self._measure(conditions, monitor)
            self._gauge.selected.conditions = conditions
            self._timing.forget()
            self._forecast.forget_timed()
            for step in self._history:
                dense, own = latencies.get(step.id, (None, None))
                metrics = replace(step.metrics, peak_memory_bytes=None, activation_bytes=None)
                metrics = timed(metrics, conditions, own, dense if step.id else None)
                self._history.measured(step.id, metrics)
            self._bus.emit(DeviceChanged(conditions.words))
            self._bus.emit(HistoryChanged(self._history.current.id))
            action = UseDevice(word_of(conditions.device), conditions.batch_size)
            self._bus.emit(ActionTaken(action, self._history.current.id))
            return conditions

        return work

    def _measure(
        self, conditions: Conditions, monitor: Monitor
    ) -> Mapping[int, tuple[Latency, Latency]]:
        """By step, the latency of the dense network and its own, measured in turn."""
        inputs = conditions.inputs(self._gauge.example_input)
        dense_file = self._dense.file(Part(monitor, 0, 10, 100))
        steps = [step.id for step in self._history if step.id]
        found: dict[int, tuple[Latency, Latency]] = {}
        groups = [steps[at : at + TOGETHER] for at in range(0, len(steps), TOGETHER)] or [[]]
        for number, group in enumerate(groups):
            start, stop = (10 + 90 * at / len(groups) for at in (number, number + 1))
            part = Part(monitor, start, stop, 100)
            files = {str(step): self._timing.file(self._history.model_of(step)) for step in group}
            measured = conditions.device.latencies(
                {"dense": dense_file, **files},
                inputs,
                rounds=50,
                time_limit_s=5.0,
                openings=5,
                monitor=part,
            )
            found |= {step: (measured["dense"], measured[str(step)]) for step in group}
            found.setdefault(0, (measured["dense"], measured["dense"]))
        return found
