"""ONNX Runtime on this machine: its processor, or an NVIDIA GPU."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import onnxruntime
from numpy.typing import NDArray

from workbench.errors import DeviceError, MeasurementError
from workbench.measure.latency import Latency, measure_latencies
from workbench.measure.memory import measure_memory
from workbench.progress import SILENT, Monitor

_WARMUP = 2
_CUDA = "CUDAExecutionProvider"


@dataclass(frozen=True)
class LocalCpu:
    """This machine's processor.

    Attributes:
        threads: Threads within an operator, at least 1.
    """

    threads: int = 1

    def __post_init__(self) -> None:
        if self.threads < 1:
            raise DeviceError(f"threads of a device must be at least 1, got {self.threads}.")

    @property
    def name(self) -> str:
        """What it is called."""
        return f"this machine's CPU, {_threads(self.threads)}"

    @property
    def word(self) -> str:
        """What `open_device` takes."""
        return "cpu" if self.threads == 1 else f"cpu:{self.threads}"

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
        """See `latency_model.Device.latencies`."""
        return measure_latencies(
            models,
            inputs,
            threads=self.threads,
            warmup=_WARMUP,
            rounds=rounds,
            time_limit_s=time_limit_s,
            openings=openings,
            monitor=monitor,
        )

    def memory(
        self, model: bytes, inputs: NDArray[Any], *, monitor: Monitor = SILENT
    ) -> tuple[int, int]:
        """See `latency_model.Device.memory`."""
        return measure_memory(model, inputs, threads=self.threads, monitor=monitor)


@dataclass(frozen=True)
class LocalGpu:
    """An NVIDIA GPU of this machine, through ONNX Runtime's CUDA provider.

    The time includes copying inputs to the GPU and outputs back.

    Attributes:
        index: Which GPU.
    """

    index: int = 0

    def __post_init__(self) -> None:
        if not self.is_available():
            raise DeviceError(
                f"device 'cuda' needs ONNX Runtime with {_CUDA}, and this one has "
                f"{', '.join(onnxruntime.get_available_providers())}. Install onnxruntime-gpu in "
                "the place of onnxruntime, on a machine with an NVIDIA GPU."
            )

    @staticmethod
    def is_available() -> bool:
        """Whether the installed runtime can use one."""
        return _CUDA in onnxruntime.get_available_providers()

    @property
    def name(self) -> str:
        """What it is called."""
        return f"this machine's GPU {self.index}"

    @property
    def word(self) -> str:
        """What `open_device` takes."""
        return "cuda" if self.index == 0 else f"cuda:{self.index}"

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
        """See `latency_model.Device.latencies`."""
        providers: Sequence[Any] = [(_CUDA, {"device_id": self.index}), "CPUExecutionProvider"]
        return measure_latencies(
            models,
            inputs,
            warmup=_WARMUP,
            rounds=rounds,
            time_limit_s=time_limit_s,
            openings=openings,
            providers=providers,
            monitor=monitor,
        )

    def memory(
        self, model: bytes, inputs: NDArray[Any], *, monitor: Monitor = SILENT
    ) -> tuple[int, int]:
        """Raises `MeasurementError`: a process does not hold what lies in the GPU."""
        raise MeasurementError(
            f"peak memory is that of a process, and {self.name} has memory of its own. Choose a "
            "processor as the device to measure it."
        )


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"
