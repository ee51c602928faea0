"""Latency of plans: predicted at once, measured on request, and learned from every measurement."""

import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from workbench.errors import ExportError
from workbench.estimate import Estimate
from workbench.events import EventBus, LatencyLearned
from workbench.latency_model import LatencyModel, Sample
from workbench.latency_model.features import Features
from workbench.latency_model.model import FEWEST_SAMPLES
from workbench.latency_model.samples import plans_to_measure
from workbench.measure.latency import Latency, Ratio, latency_ratio
from workbench.onnx_graph import CutError
from workbench.progress import SILENT, Monitor, Part
from workbench.pruned import PrunedModel
from workbench.session.history import History
from workbench.session.measuring import Gauge
from workbench.session.onnx_files import OnnxFiles

Relatives = Callable[[Mapping[str, np.ndarray]], np.ndarray]
"""Latency of many networks as a fraction of the dense one's: counts by unit name, more than the
model knows being welcome, and latencies have shape ``(networks,)``."""

SAMPLES = 24
"""Networks measured before the first prediction."""

_TOGETHER = 6  # beside one run of the dense network
_TOGETHER_BYTES = 256 * 2**20
_ROUNDS = 10
_TOGETHER_S = 2.0
_RELEASE_ROUNDS, _RELEASE_S = 20, 0.3


@dataclass(frozen=True)
class Timed:
    """What was measured of a plan's network on the device.

    Attributes:
        latency: One input at a time.
        speedup: Dense latency over this one, measured in turn.
    """

    latency: Latency
    speedup: Ratio

    def beside(self, dense_ms: float | None) -> "Timed":
        """The same at a moment when the dense network took so long.

        What was measured in turn is the ratio; between two moments a machine is not equally fast.
        """
        if dense_ms is None:
            return self
        factor = dense_ms / (self.speedup.value * self.latency.median_ms)
        return replace(self, latency=self.latency.scaled(factor))


class Timing:
    """Predictions may be asked for by any thread; measuring is the engine thread's.

    Args:
        history: Its first step is the dense model.
        gauge: Knows the input that is timed, and where.
        dense: The file that is cut.
        bus: Told when predictions get better.
    """

    def __init__(self, history: History, gauge: Gauge, dense: OnnxFiles, bus: EventBus) -> None:
        self._history, self._gauge, self._dense, self._bus = history, gauge, dense, bus
        self._features = Features.of(history.model_of(0))
        self._lock = threading.Lock()
        self._samples: list[Sample] = []
        self._model: LatencyModel | None = None
        self._settled: Relatives | None = None
        self._hopeless = False

    @property
    def learned(self) -> bool:
        """Whether as much was measured as is measured in advance, or can be."""
        return self._hopeless or len(self._samples) >= SAMPLES or not self._features.units

    def predict(self, kept: Mapping[str, int]) -> Estimate | None:
        """Latency with these counts, as a fraction of the dense network's.

        Args:
            kept: Channels by unit name; more units than the model knows are welcome.

        Returns:
            None as long as too few networks were measured.
        """
        with self._lock:
            model = self._model
        return None if model is None else model.predict(self._counts(kept))

    @property
    def settled(self) -> Relatives | None:
        """Predicts many networks, to compare them; None until all that is wanted was measured.

        It does not change with every plan that is measured.
        """
        with self._lock:
            return self._settled

    def learn(self, monitor: Monitor) -> None:
        """Measure networks until there are enough to predict others; goes on where it stopped.

        Raises:
            CutError, ExportError: If the dense model cannot be cut, exported or run.
            Cancelled: If the monitor says so; what was measured stays.
        """
        try:
            self._learn(monitor)
        except (CutError, ExportError):
            self._hopeless = True
            raise

    def measure(self, model: PrunedModel, monitor: Monitor) -> Timed:
        """Time a pruned model beside the dense one; the result improves later predictions.

        Only its widths matter: zeros take a dense kernel as long as other numbers.

        Raises:
            ExportError: If it cannot be exported or run.
            Cancelled: If the monitor says so.
        """
        (latency,), dense = self._time_files(
            [self.file(model, monitor)], monitor, _RELEASE_ROUNDS, _RELEASE_S
        )
        timed = Timed(latency, latency_ratio(dense, latency))
        if self._features.units:
            self._add([model], [_relative(latency, dense)])
        return timed

    def forget(self) -> None:
        """What was learned is of another device or batch size."""
        with self._lock:
            self._samples, self._model, self._settled, self._hopeless = [], None, None, False

    def _learn(self, monitor: Monitor) -> None:
        dense = self._history.model_of(0)
        start = len(self._samples)
        wanted = itertools.islice(plans_to_measure(dense), start, SAMPLES)
        file = self._dense.file(Part(monitor, 0, 10, 100))
        together = max(1, min(_TOGETHER, _TOGETHER_BYTES // len(file)))
        for first in range(start, SAMPLES, together):
            plans = itertools.islice(wanted, together)
            models = [replace(dense, channels=dense.select(plan).kept) for plan in plans]
            part = Part(monitor, 10 + 90 * first / SAMPLES, 100, 100)
            self._add(models, self._time(models, part, _ROUNDS, _TOGETHER_S))
            self._bus.emit(LatencyLearned())

    def file(self, model: PrunedModel, monitor: Monitor = SILENT) -> bytes:
        """An ONNX file with the widths of a model; its weights may be others.

        Raises:
            ExportError: If it cannot be exported.
        """
        try:
            return self._dense.cut(model, monitor)
        except CutError:  # slower, but exact as well
            return self._gauge.onnx(model, monitor)

    def _time(
        self, models: Sequence[PrunedModel], monitor: Monitor, rounds: int, limit_s: float
    ) -> list[float]:
        files = []
        for number, model in enumerate(models):
            monitor.report(number, 2 * len(models), "narrowing networks to time them")
            files.append(self._dense.cut(model))
        latencies, dense = self._time_files(files, monitor, rounds, limit_s)
        return [_relative(latency, dense) for latency in latencies]

    def _time_files(
        self, files: Sequence[bytes], monitor: Monitor, rounds: int, limit_s: float
    ) -> tuple[list[Latency], Latency]:
        named = {str(number): file for number, file in enumerate(files)}
        conditions = self._gauge.selected.conditions
        latencies = conditions.device.latencies(
            {"dense": self._dense.file(), **named},
            conditions.inputs(self._gauge.example_input),
            rounds=rounds,
            time_limit_s=limit_s,
            monitor=Part(monitor, 1, 2, 2),
        )
        return [latencies[name] for name in named], latencies["dense"]

    def _add(self, models: Sequence[PrunedModel], relative: Sequence[float]) -> None:
        for model, measured in zip(models, relative, strict=True):
            alive = model.alive("channel")
            kept = self._counts({unit: int(flags.sum()) for unit, flags in alive.items()})
            sample = Sample(kept, measured)
            if self.learned and self._model is not None:
                predicted = self._model.predict(kept).value
                sample = replace(sample, error=predicted / measured - 1)
            self._samples.append(sample)
        if len(self._samples) >= FEWEST_SAMPLES:
            fitted = LatencyModel.fit(self._features, self._samples)
            if self.learned:  # to find out anew after each release would keep a person waiting
                found = zip(self._samples, fitted.errors.tolist(), strict=True)
                self._samples = [replace(sample, error=error) for sample, error in found]
            with self._lock:
                self._model = fitted
                if self._settled is None and self.learned:
                    self._settled = partial(_relatives, fitted)

    def _counts(self, kept: Mapping[str, int]) -> np.ndarray:
        return np.array([kept[unit] for unit in self._features.units], np.float64)


def _relatives(model: LatencyModel, kept: Mapping[str, np.ndarray]) -> np.ndarray:
    """Latency by counts of all units, as a fraction of the dense network's."""
    return model.relatives(np.stack([kept[unit] for unit in model.features.units], axis=-1))


def _relative(latency: Latency, dense: Latency) -> float:
    """One latency as a fraction of another, both undisturbed.

    Whatever else a machine does can only add time, so the fastest rounds say what the network
    itself takes; with medians of few rounds, one busy moment would be learned as a width's doing.
    """
    return latency.p10_ms / dense.p10_ms
