"""What a session measures of its current model only when asked: figures that take a while.

Blocking methods wait for their task; ``submit_...`` queue the same work and return the `Task`.
"""

from collections.abc import Callable, Mapping

from workbench.measure.energy_counters import EnergyCounter, Rapl
from workbench.measure.energy_measured import MeasuredEnergy
from workbench.measure.layer_latency import LayerLatencies
from workbench.session.bench import LAYERS, Bench
from workbench.session.measurements import Measurements
from workbench.session.tasks import Task


class Examinations(Measurements):
    """The side of a session that looks at a model closely; `Session` sets up what does it."""

    _bench: Bench

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
