"""What is measured of a step when somebody asks: figures that take seconds.

What was found is kept by step, so that going back to a step shows it again.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from torch import nn

from workbench.events import EventBus, FigureMeasured
from workbench.measure.accuracy_report import AccuracyReport, accuracy_report
from workbench.measure.energy_counters import EnergyCounter
from workbench.measure.energy_measured import MeasuredEnergy, measure_energy
from workbench.measure.layer_latency import LayerLatencies, measure_layer_latencies
from workbench.measure.memory import MemoryUse, activation_bytes
from workbench.onnx_graph import CutError, OnnxGraph
from workbench.progress import Monitor, Part
from workbench.session.history import History
from workbench.session.measuring import Gauge
from workbench.session.onnx_files import OnnxFiles

T = TypeVar("T")

ENERGY, LAYERS, ACCURACY, MEMORY = "energy", "layers", "accuracy", "memory"


class Bench:
    """Measuring is the engine thread's; any thread may ask what was found.

    Args:
        history: Whose current model is measured.
        gauge: Exports it, and knows the input.
        dense: The dense model's file.
        bus: Told when something was found.
    """

    def __init__(self, history: History, gauge: Gauge, dense: OnnxFiles, bus: EventBus) -> None:
        self._history, self._gauge, self._dense, self._bus = history, gauge, dense, bus
        self._lock = threading.Lock()
        self._found: dict[tuple[str, int], object] = {}
        self._file: tuple[int, bytes] | None = None

    def found(self, figure: str, kind: type[T], step_id: int | None = None) -> T | None:
        """A figure of a step, the current one by default; None if nobody asked for it."""
        wanted = self._history.current.id if step_id is None else step_id
        with self._lock:
            value = self._found.get((figure, wanted))
        return value if isinstance(value, kind) else None

    def energy(
        self, open_counter: Callable[[], EnergyCounter]
    ) -> Callable[[Monitor], Mapping[str, MeasuredEnergy]]:
        """The work of measuring the energy of the current model, beside the dense one."""

        def work(monitor: Monitor) -> Mapping[str, MeasuredEnergy]:
            step_id, counter = self._history.current.id, open_counter()
            files = self._files(step_id, Part(monitor, 0, 20, 100))
            inputs = self._gauge.example_input.numpy()
            rest = Part(monitor, 20, 100, 100)
            return self._keep(ENERGY, step_id, measure_energy(files, inputs, counter, monitor=rest))

        return work

    def layer_latencies(self, step_id: int | None = None) -> Callable[[Monitor], LayerLatencies]:
        """The work of timing the layers of a step's model, the current one's by default."""

        def work(monitor: Monitor) -> LayerLatencies:
            wanted = self._history.current.id if step_id is None else step_id
            module = self._history.model_of(wanted).module
            file = list(self._files(wanted, Part(monitor, 0, 50, 100)).values())[-1]
            found = measure_layer_latencies(
                OnnxGraph.read(file, module),
                _owners(module),
                self._gauge.example_input.numpy(),
                monitor=Part(monitor, 50, 100, 100),
            )
            return self._keep(LAYERS, wanted, found)

        return work

    def accuracy(self) -> Callable[[Monitor], AccuracyReport]:
        """The work of looking closely at the accuracy of the current model, and the dense one."""

        def work(monitor: Monitor) -> AccuracyReport:
            step_id = self._history.current.id
            if step_id and self.found(ACCURACY, AccuracyReport, 0) is None:
                self._accuracy(0, Part(monitor, 0, 50, 100))
            return self._accuracy(step_id, Part(monitor, 50 if step_id else 0, 100, 100))

        return work

    def memory(self) -> Callable[[Monitor], MemoryUse]:
        """The work of measuring the memory of the current model, and the dense one's if unknown.

        The outcome becomes part of the metrics of these steps.
        """

        def work(monitor: Monitor) -> MemoryUse:
            step_id = self._history.current.id
            if step_id and self._history[0].metrics.peak_memory_bytes is None:
                self._memory(0, Part(monitor, 0, 50, 100))
            return self._memory(step_id, Part(monitor, 50 if step_id else 0, 100, 100))

        return work

    def _accuracy(self, step_id: int, monitor: Monitor) -> AccuracyReport:
        module, dataset = self._history.model_of(step_id).module, self._gauge.dataset
        found = accuracy_report(module, dataset.test, len(dataset.classes), monitor=monitor)
        return self._keep(ACCURACY, step_id, found)

    def _memory(self, step_id: int, monitor: Monitor) -> MemoryUse:
        file = list(self._files(step_id, Part(monitor, 0, 50, 100)).values())[-1]
        conditions = self._gauge.selected.conditions
        inputs = conditions.inputs(self._gauge.example_input)
        before, peak = conditions.device.memory(file, inputs, monitor=Part(monitor, 50, 100, 100))
        module = self._history.model_of(step_id).module
        found = MemoryUse(peak, before, _activations(file, module, conditions.batch_size))
        metrics = self._history[step_id].metrics
        self._history.measured(
            step_id,
            replace(metrics, peak_memory_bytes=peak, activation_bytes=found.activation_bytes),
        )
        return self._keep(MEMORY, step_id, found)

    def _keep(self, figure: str, step_id: int, value: T) -> T:
        with self._lock:
            self._found[figure, step_id] = value
        self._bus.emit(FigureMeasured(figure, step_id))
        return value

    def _files(self, step_id: int, monitor: Monitor) -> dict[str, bytes]:
        """The dense model's ONNX file, and the step's if it is another."""
        files = {"dense": self._dense.file(monitor)}
        if step_id:
            if self._file is None or self._file[0] != step_id:
                self._file = step_id, self._gauge.onnx(self._history.model_of(step_id), monitor)
            files["now"] = self._file[1]
        return files


def _activations(file: bytes, module: nn.Module, batch_size: int) -> int | None:
    try:
        return activation_bytes(OnnxGraph.read(file, module), batch_size)
    except CutError:  # its shapes cannot be read
        return None


def _owners(module: nn.Module) -> dict[str, str]:
    """By parameter, the layer that holds it, by the first of its names."""
    return {
        f"{name}.{parameter}" if name else parameter: name
        for name, part in module.named_modules()
        for parameter, _ in part.named_parameters(recurse=False)
    }
