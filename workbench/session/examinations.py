"""What a session measures of its models as they are: the baseline at once, the rest when asked.

Blocking methods wait for their task; ``submit_...`` queue the same work and return the `Task`.
"""

import contextlib
from collections.abc import Callable, Mapping
from functools import partial

from workbench.devices import open_device
from workbench.errors import DeviceError
from workbench.latency_model import Device
from workbench.measure.accuracy_report import AccuracyReport
from workbench.measure.energy_counters import EnergyCounter, Rapl
from workbench.measure.energy_measured import MeasuredEnergy
from workbench.measure.layer_latency import LayerLatencies
from workbench.measure.memory import MemoryUse
from workbench.measure.metrics import Metrics
from workbench.progress import Cancelled
from workbench.session.aims import Aims
from workbench.session.bench import ACCURACY, LAYERS, Bench
from workbench.session.conditions import Conditions
from workbench.session.history import History
from workbench.session.home import Home
from workbench.session.measuring import Gauge
from workbench.session.moving import Moving
from workbench.session.recorder import Recorder
from workbench.session.tasks import Task

SHARE_OF_MEMORY = 0.25
"""Of a device's memory, what a network may take up unless a target says otherwise."""


class Examinations(Aims):
    """The side of a session that looks at a model closely; `Session` sets up what does it."""

    _bench: Bench
    _moving: Moving
    _home: Home
    _history: History
    _recorder: Recorder
    _baseline: Task[Metrics] | None
    _gauge: Gauge

    @property
    def baseline(self) -> Metrics:
        """Everything measured of the model as it was opened; waits for it.

        If measuring was cancelled, it starts again.
        """
        task = self._baseline
        if task is not None and task.cancelled and not self._tasks.closed:
            task = self._baseline = self._measure_baseline()
        if task is not None:
            with contextlib.suppress(Cancelled):
                task.result()
        return self._history[0].metrics

    @property
    def conditions(self) -> Conditions:
        """Device and batch size of all latencies."""
        return self._gauge.selected.conditions

    @property
    def device(self) -> Device:
        """Where latency is measured; assign a device, or a word for one, to change that.

        Assigning is `use_device`, and takes as long.
        """
        return self.conditions.device

    @device.setter
    def device(self, device: Device | str) -> None:
        self.use_device(device)

    @property
    def moving(self) -> bool:
        """Whether another device is being measured, or about to be."""
        return bool(self._tasks.unfinished("device"))

    def use_device(
        self,
        device: Device | str | None = None,
        *,
        batch_size: int | None = None,
        memory_bytes: int | None = None,
    ) -> Conditions:
        """Measure latency elsewhere, or of more inputs at a time, from now on.

        Every step is timed there first; what predictions learned of the last device is forgotten.

        Args:
            device: A device or a word for one, see `workbench.devices.open_device`; the same as
                before by default.
            batch_size: Inputs at a time; as before by default.
            memory_bytes: Memory of the device, if it is to be said: without a target for the size
                a quarter of it becomes that, as code, activations and others need room too.

        Raises:
            DeviceError: If there is no such device, or it does not answer; then nothing changed.
        """
        if memory_bytes is not None and memory_bytes < 1:
            raise DeviceError(f"memory_bytes must be at least 1, got {memory_bytes}.")
        conditions = self.submit_device(device, batch_size=batch_size).result()
        if memory_bytes is not None and "size_bytes" not in self.targets:
            self.targets = {**self.targets, "size_bytes": SHARE_OF_MEMORY * memory_bytes}
        return conditions

    def measure_energy(
        self, counter: Callable[[], EnergyCounter] = Rapl.open
    ) -> Mapping[str, MeasuredEnergy]:
        """Energy of one inference above idling: of ``"dense"`` and, after a step, of ``"now"``.

        Args:
            counter: Opens the counter of energy; the processor's by default.

        Raises:
            MeasurementError: If the machine has no counter, or it may not be read.
        """
        return self.submit_energy(counter).result()

    def time_layers(self, step_id: int | None = None) -> LayerLatencies:
        """Where the time of one inference goes, layer by layer, in ONNX Runtime.

        Args:
            step_id: Of which step; the current one by default.

        Raises:
            HistoryError: If there is no such step.
            ExportError: If its model cannot be exported or run.
        """
        return self.submit_layer_times(step_id).result()

    def layer_times(self, step_id: int | None = None) -> LayerLatencies | None:
        """What `time_layers` found of a step, the current one by default; None if not asked."""
        return self._bench.found(LAYERS, LayerLatencies, step_id)

    def examine_accuracy(self) -> AccuracyReport:
        """Top-1, top-5, by class, confusion and corrupted images, on the test data."""
        return self.submit_accuracy().result()

    def accuracy_details(self, step_id: int | None = None) -> AccuracyReport | None:
        """What `examine_accuracy` found of a step, the current one by default; None if nothing."""
        return self._bench.found(ACCURACY, AccuracyReport, step_id)

    @property
    def examining(self) -> bool:
        """Whether `examine_accuracy` is under way, or about to be."""
        return bool(self._tasks.unfinished("details"))

    def measure_memory(self) -> MemoryUse:
        """Peak memory of a process that runs the current model, and nothing else.

        Raises:
            MeasurementError, DeviceError: If the device cannot tell.
            ExportError: If the model cannot be exported or run.
        """
        return self.submit_memory().result()

    def submit_energy(
        self, counter: Callable[[], EnergyCounter] = Rapl.open
    ) -> Task[Mapping[str, MeasuredEnergy]]:
        """Queue a measurement of energy; one under way is dropped."""
        self._tasks.cancel("energy")
        return self._tasks.submit("energy", "measuring energy", self._bench.energy(counter))

    def submit_layer_times(self, step_id: int | None = None) -> Task[LayerLatencies]:
        """Queue `time_layers`; one under way is dropped."""
        self._tasks.cancel("layers")
        work = self._bench.layer_latencies(step_id)
        return self._tasks.submit("layers", "timing layers", work)

    def submit_device(
        self, device: Device | str | None = None, *, batch_size: int | None = None
    ) -> Task[Conditions]:
        """Queue `use_device`; another under way is dropped."""
        now = self.conditions
        chosen = open_device(device) if isinstance(device, str) else device or now.device
        wanted = Conditions(chosen, now.batch_size if batch_size is None else batch_size)
        with self._lock:
            self._tasks.cancel("device", "timing", "latency")
            title = f"measuring on {wanted.words}"
            return self._tasks.submit("device", title, self._moving.move(wanted))

    def submit_accuracy(self) -> Task[AccuracyReport]:
        """Queue `examine_accuracy`; one under way is dropped."""
        self._tasks.cancel("details")
        return self._tasks.submit("details", "examining accuracy", self._bench.accuracy())

    def submit_memory(self) -> Task[MemoryUse]:
        """Queue `measure_memory`; one under way is dropped."""
        self._tasks.cancel("memory")
        return self._tasks.submit("memory", "measuring memory", self._bench.memory())

    def _measure_baseline(self) -> Task[Metrics] | None:
        if self._recorder.measured(0):
            return None
        return self._tasks.submit(
            "baseline", "measuring the baseline", self._recorder.measure_opened
        )

    def _measure_missing(self) -> None:
        """Measure what a kernel that ended could not measure any more."""
        for step in self._history:
            if step.id and not self._home.read_only and not self._recorder.measured(step.id):
                work = partial(self._recorder.measure_again, step.id)
                self._tasks.submit("baseline", f"measuring step {step.id}", work)
