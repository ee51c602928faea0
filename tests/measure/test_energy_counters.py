"""Counters of energy: a powercap tree made of files, and a driver made of Python."""

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from workbench.errors import MeasurementError
from workbench.measure.energy_counters import Nvml, Rapl

RANGE_UJ = 1_000_000


def zone(powercap: Path, directory: str, name: str, energy_uj: int = 0) -> Path:
    """A RAPL domain as Linux shows it."""
    path = powercap / directory
    path.mkdir(parents=True, exist_ok=True)
    (path / "name").write_text(f"{name}\n")
    (path / "max_energy_range_uj").write_text(f"{RANGE_UJ}\n")
    (path / "energy_uj").write_text(f"{energy_uj}\n")
    return path / "energy_uj"


def test_packages_and_memory_are_added_up_and_their_parts_are_not(tmp_path: Path) -> None:
    package = zone(tmp_path, "intel-rapl:0", "package-0", 100)
    memory = zone(tmp_path, "intel-rapl:0:1", "dram", 700)
    parts = [
        zone(tmp_path, "intel-rapl:0:0", "core"),
        zone(tmp_path, "intel-rapl:1", "psys"),
        zone(tmp_path, "intel-rapl-mmio:0", "package-0"),
    ]
    (tmp_path / "intel-rapl").mkdir()
    counter = Rapl.open(tmp_path)
    assert counter.name == "RAPL (package-0, dram)"
    assert counter.joules() == 0
    package.write_text("300100\n")
    memory.write_text("200700\n")
    for part in parts:
        part.write_text("999999\n")
    assert counter.joules() == pytest.approx(0.5)


def test_a_counter_that_begins_again_goes_on_counting(tmp_path: Path) -> None:
    energy = zone(tmp_path, "intel-rapl:0", "package-0", RANGE_UJ - 100)
    counter = Rapl.open(tmp_path)
    seen = []
    for value in (RANGE_UJ, 99, 500_000, 10):  # past the end twice
        energy.write_text(f"{value}\n")
        seen.append(round(counter.joules() * 1e6))
    assert seen == [100, 200, 500_101, 1_000_112]


def test_a_machine_without_counters_is_told_what_has_none(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:1", "psys")
    with pytest.raises(MeasurementError, match=f"{tmp_path} has no intel-rapl package"):
        Rapl.open(tmp_path)
    with pytest.raises(MeasurementError, match="absent has no intel-rapl package"):
        Rapl.open(tmp_path / "absent")


def test_a_counter_that_cannot_be_read_is_named_with_the_remedy(tmp_path: Path) -> None:
    energy = zone(tmp_path, "intel-rapl:0", "package-0")
    counter = Rapl.open(tmp_path)
    energy.write_text("")
    message = f"{energy}, which cannot be read: .*'sudo chmod a\\+r {energy}'"
    with pytest.raises(MeasurementError, match=message):
        counter.joules()
    energy.unlink()
    with pytest.raises(MeasurementError, match=message):
        Rapl.open(tmp_path)


class DriverError(Exception):
    """What the fake driver raises."""


def driver(energies_mj: list[float]) -> SimpleNamespace:
    def read(handle: str) -> float:
        assert handle == "GPU 1"
        if not energies_mj:
            raise DriverError("Not Supported")
        return energies_mj.pop(0)

    return SimpleNamespace(
        NVMLError=DriverError,
        nvmlInit=lambda: None,
        nvmlDeviceGetHandleByIndex=lambda index: f"GPU {index}",
        nvmlDeviceGetName=lambda handle: "Fake 9000",
        nvmlDeviceGetTotalEnergyConsumption=read,
    )


def test_a_gpu_is_read_through_its_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", driver([1000, 1500, 4000]))
    counter = Nvml.open(1)
    assert counter.name == "NVML (Fake 9000)"
    assert [counter.joules(), counter.joules()] == [1.5, 4]
    with pytest.raises(MeasurementError, match=re.escape("NVML (Fake 9000) can no longer be read")):
        counter.joules()


def test_a_gpu_without_a_counter_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", driver([]))
    with pytest.raises(MeasurementError, match="GPU 1 cannot be read: Not Supported"):
        Nvml.open(1)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with pytest.raises(MeasurementError, match="needs the package nvidia-ml-py"):
        Nvml.open()
