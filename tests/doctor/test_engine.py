"""The doctor on what computes, on the energy counter and on browsers."""

import importlib
import webbrowser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from workbench.doctor import browser, engine
from workbench.doctor.browser import check_browser, find_chromium
from workbench.doctor.energy import check_energy_counter
from workbench.doctor.engine import check_onnx_runtime, check_torch
from workbench.doctor.finding import State


def replace_modules(monkeypatch: pytest.MonkeyPatch, **modules: Any) -> None:
    """Import these instead; an exception is raised instead of imported."""

    def imported(name: str) -> Any:
        found = modules.get(name) or importlib.import_module(name)
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(engine, "import_module", imported)


def test_pytorch_and_onnx_runtime_compute_here() -> None:
    (torch,) = check_torch()
    assert torch.state is State.OK and "PyTorch computes: cpu" in torch.text
    runtime = next(check_onnx_runtime())
    assert runtime.state is State.OK and "CPUExecutionProvider" in runtime.text


@pytest.mark.parametrize(
    ("check", "module"), [(check_torch, "torch"), (check_onnx_runtime, "onnxruntime")]
)
def test_a_library_that_cannot_be_loaded_is_a_problem_not_a_crash(
    monkeypatch: pytest.MonkeyPatch, check: Any, module: str
) -> None:
    error = OSError("libcudart.so.13: cannot open shared object file\nand more")
    replace_modules(monkeypatch, **{module: error})
    (found,) = check()
    assert found.state is State.PROBLEM
    assert found.text.endswith("OSError: libcudart.so.13: cannot open shared object file")
    assert found.remedy == f"pip install --force-reinstall {module}"


def test_a_gpu_that_onnx_runtime_cannot_use_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = SimpleNamespace(cuda=SimpleNamespace(is_available=lambda: True))
    replace_modules(monkeypatch, torch=gpu)
    computes, unused = check_onnx_runtime()
    assert (computes.state, unused.state) == (State.OK, State.WARNING)
    assert "no CUDAExecutionProvider" in unused.text
    assert unused.remedy.endswith("pip install onnxruntime-gpu")


def test_onnx_runtime_without_its_cpu_provider_is_a_problem(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = importlib.import_module("onnxruntime")
    strange = SimpleNamespace(
        get_available_providers=lambda: ["OtherProvider"], InferenceSession=real.InferenceSession
    )
    replace_modules(monkeypatch, onnxruntime=strange)
    (found,) = check_onnx_runtime()
    assert found.state is State.PROBLEM and "only OtherProvider" in found.text


def test_two_builds_of_onnx_runtime_over_one_another_are_a_problem(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both = ("onnxruntime", "onnxruntime-gpu")
    monkeypatch.setattr(engine, "_is_installed", lambda name: name in both)
    found = next(check_onnx_runtime())
    assert found.state is State.PROBLEM
    assert "onnxruntime and onnxruntime-gpu are installed over one another" in found.text


def zone(powercap: Path, energy_uj: str | None) -> None:
    """A counter of a processor package, which cannot be read without a value."""
    directory = powercap / "intel-rapl:0"
    directory.mkdir()
    (directory / "name").write_text("package-0\n")
    (directory / "max_energy_range_uj").write_text("1000\n")
    if energy_uj is not None:
        (directory / "energy_uj").write_text(energy_uj)


def test_a_machine_without_an_energy_counter_is_well(tmp_path: Path) -> None:
    (found,) = check_energy_counter(tmp_path)
    assert found.state is State.OK and "energy is estimated" in found.text


def test_an_energy_counter_that_can_be_read_is_named(tmp_path: Path) -> None:
    zone(tmp_path, "17\n")
    (found,) = check_energy_counter(tmp_path)
    assert (found.state, found.text) == (State.OK, "energy: RAPL (package-0) can be read")


def test_an_energy_counter_that_cannot_be_read_says_how_to_open_it(tmp_path: Path) -> None:
    zone(tmp_path, None)
    (found,) = check_energy_counter(tmp_path)
    assert found.state is State.WARNING and "energy_uj, which cannot be read" in found.text
    assert f"sudo chmod a+r {tmp_path / 'intel-rapl:0' / 'energy_uj'}" in found.remedy


def no_browser() -> Any:
    raise webbrowser.Error("none")


def test_the_browser_that_opens_by_itself_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webbrowser, "get", lambda: webbrowser.GenericBrowser("falkon"))
    (found,) = check_browser()
    assert (found.state, found.text) == (State.OK, "browser: falkon")


def test_a_chromium_that_no_desktop_opens_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webbrowser, "get", no_browser)
    monkeypatch.setattr(browser, "find_chromium", lambda: Path("/opt/chromium"))
    (found,) = check_browser()
    assert found.state is State.OK and "/opt/chromium" in found.text


def test_without_a_browser_there_is_a_way_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webbrowser, "get", no_browser)
    monkeypatch.setattr(browser, "find_chromium", lambda: None)
    (found,) = check_browser()
    assert found.state is State.WARNING and "SSH tunnel" in found.remedy


def test_a_chosen_browser_that_does_not_start_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub = tmp_path / "chromium"
    stub.write_text("#!/bin/sh\nexit 1\n")
    stub.chmod(0o755)
    monkeypatch.setenv("WORKBENCH_BROWSER", str(stub))
    assert find_chromium() is None
    stub.write_text("#!/bin/sh\nexit 0\n")
    assert find_chromium() == stub
