"""Where latency is measured: this machine, or another one that answers the same question."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from workbench.measure.latency import Latency, measure_latencies
from workbench.progress import SILENT, Monitor


class Device(Protocol):
    """A machine with a runtime."""

    @property
    def name(self) -> str:
        """What it is called."""

    def latencies(
        self,
        models: Mapping[str, bytes],
        inputs: NDArray[Any],
        *,
        rounds: int,
        time_limit_s: float,
        monitor: Monitor = SILENT,
    ) -> dict[str, Latency]:
        """Time ONNX models in turn on one batch; the i-th samples of all belong to one round.

        Raises:
            ExportError: If the runtime cannot open a model.
            Cancelled: If the monitor was cancelled.
        """


@dataclass(frozen=True)
class LocalCpu:
    """ONNX Runtime on this machine's processor.

    Attributes:
        threads: Threads within an operator.
    """

    threads: int = 1

    @property
    def name(self) -> str:
        """What it is called."""
        return "this machine's CPU"

    def latencies(
        self,
        models: Mapping[str, bytes],
        inputs: NDArray[Any],
        *,
        rounds: int,
        time_limit_s: float,
        monitor: Monitor = SILENT,
    ) -> dict[str, Latency]:
        """As `Device.latencies`; every model is opened once."""
        return measure_latencies(
            models,
            inputs,
            threads=self.threads,
            warmup=2,
            rounds=rounds,
            time_limit_s=time_limit_s,
            openings=1,
            monitor=monitor,
        )
