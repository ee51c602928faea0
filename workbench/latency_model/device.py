"""Where latency is measured: this machine, or another one that answers the same question."""

from collections.abc import Mapping
from typing import Any, Protocol

from numpy.typing import NDArray

from workbench.measure.latency import Latency
from workbench.progress import SILENT, Monitor


class Device(Protocol):
    """A machine with a runtime."""

    @property
    def name(self) -> str:
        """What it is called; two devices of one name measure alike."""

    def latencies(
        self,
        models: Mapping[str, bytes],
        inputs: NDArray[Any],
        *,
        rounds: int,
        time_limit_s: float,
        openings: int = 1,
        monitor: Monitor = SILENT,
    ) -> dict[str, Latency]:
        """Time ONNX models in turn on one batch; the i-th samples of all belong to one round.

        Args:
            models: ONNX files by name.
            inputs: One batch; the latency is that of the batch.
            rounds: Most samples of each.
            time_limit_s: Stop after this time, but not before 5 rounds.
            openings: How often every model is opened afresh.
            monitor: Receives progress and may cancel.

        Raises:
            ExportError: If the runtime cannot open a model.
            DeviceError: If the device cannot be reached, or stops answering.
            Cancelled: If the monitor was cancelled.
        """

    def memory(
        self, model: bytes, inputs: NDArray[Any], *, monitor: Monitor = SILENT
    ) -> tuple[int, int]:
        """Bytes that a process holds before it opens an ONNX model, and at most as it runs it.

        Raises:
            ExportError, DeviceError, Cancelled: As for `latencies`.
            MeasurementError: If the device cannot tell, or the process fails.
        """
