"""Counters of consumed energy that machines have: RAPL in processors, NVML on NVIDIA GPUs."""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from workbench.errors import MeasurementError

POWERCAP = Path("/sys/class/powercap")
_UNITS = ("package", "dram")  # their subdivisions, and the whole platform, would count twice


class EnergyCounter(Protocol):
    """Counts the energy that a part of the machine has consumed."""

    @property
    def name(self) -> str:
        """What it counts, for people."""

    def joules(self) -> float:
        """What was consumed since some moment; never falls.

        Raises:
            MeasurementError: If it can no longer be read.
        """


@dataclass
class _Zone:
    """A RAPL domain: a counter in microjoules that begins again at 0 after `range_uj`."""

    directory: Path
    name: str
    range_uj: int
    last_uj: int
    total_uj: int = 0

    def advance(self) -> int:
        now_uj = _microjoules(self.directory)
        self.total_uj += (now_uj - self.last_uj) % (self.range_uj + 1)
        self.last_uj = now_uj
        return self.total_uj


@dataclass(frozen=True)
class Rapl:
    """Processor packages and memory, by the counters of Intel and AMD processors.

    A counter overflows within minutes to hours; as long as it is read more often than that, it is
    followed.

    Reference:
        Linux, Documentation/power/powercap/powercap.rst.
    """

    _zones: Sequence[_Zone] = field(repr=False)

    @classmethod
    def open(cls, powercap: Path = POWERCAP) -> "Rapl":
        """The counters of this machine.

        Raises:
            MeasurementError: If it has none, or they may not be read.
        """
        zones = [
            zone
            for directory in sorted(powercap.glob("intel-rapl:*"))  # AMD's are called so as well
            if (zone := _zone(directory)) is not None
        ]
        if not zones:
            raise MeasurementError(
                f"energy of the processor is counted by RAPL, and {powercap} has no "
                "intel-rapl package. Virtual machines, containers, ARM boards and other systems "
                "than Linux have none; the estimate needs no counter."
            )
        return cls(zones)

    @property
    def name(self) -> str:
        """What it counts, for people."""
        return f"RAPL ({', '.join(zone.name for zone in self._zones)})"

    def joules(self) -> float:
        """See `EnergyCounter.joules`."""
        return sum(zone.advance() for zone in self._zones) / 1e6


@dataclass(frozen=True)
class Nvml:
    """One NVIDIA GPU, by the counter of its driver (Volta and later)."""

    name: str
    _nvml: Any = field(repr=False)
    _handle: Any = field(repr=False)

    @classmethod
    def open(cls, index: int = 0) -> "Nvml":
        """The counter of a GPU.

        Raises:
            MeasurementError: If the package nvidia-ml-py, the driver or the GPU is missing, or
                the GPU has no counter.
        """
        try:
            nvml = importlib.import_module("pynvml")
        except ImportError as error:
            raise MeasurementError(
                "energy of an NVIDIA GPU is counted by its driver, and reading that needs the "
                "package nvidia-ml-py. Install it with pip."
            ) from error
        try:
            nvml.nvmlInit()
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            name = nvml.nvmlDeviceGetName(handle)
            nvml.nvmlDeviceGetTotalEnergyConsumption(handle)
        except nvml.NVMLError as error:
            raise MeasurementError(
                f"energy of NVIDIA GPU {index} cannot be read: {error}. It needs the NVIDIA "
                "driver, and a GPU of the Volta generation or later."
            ) from error
        return cls(f"NVML ({name})", nvml, handle)

    def joules(self) -> float:
        """See `EnergyCounter.joules`."""
        try:
            return float(self._nvml.nvmlDeviceGetTotalEnergyConsumption(self._handle)) / 1e3
        except self._nvml.NVMLError as error:
            raise MeasurementError(f"{self.name} can no longer be read: {error}.") from error


def _zone(directory: Path) -> _Zone | None:
    """The domain in a directory, if it is one to count."""
    try:
        name = (directory / "name").read_text().strip()
    except OSError:
        return None
    if not name.startswith(_UNITS):
        return None
    try:
        range_uj = int((directory / "max_energy_range_uj").read_text())
    except (OSError, ValueError) as error:
        raise _unreadable(directory / "max_energy_range_uj", error) from error
    return _Zone(directory, name, range_uj, _microjoules(directory))


def _microjoules(directory: Path) -> int:
    try:
        return int((directory / "energy_uj").read_text())
    except (OSError, ValueError) as error:
        raise _unreadable(directory / "energy_uj", error) from error


def _unreadable(file: Path, error: Exception) -> MeasurementError:
    return MeasurementError(
        f"energy of the processor is counted in {file}, which cannot be read: {error}. Linux lets "
        f"only root read it; 'sudo chmod a+r {file}' allows it until the next start."
    )
