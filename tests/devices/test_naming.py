"""Devices by a word."""

import re

import numpy as np
import onnxruntime
import pytest
from tiny_onnx import tiny

from workbench.devices import LocalCpu, LocalGpu, RemoteDevice, known_devices, open_device, word_of
from workbench.errors import DeviceError
from workbench.latency_model import Device

PI = "ssh://pi@raspberrypi:2222?threads=4&python=/opt/python"


@pytest.mark.parametrize(
    ("word", "device"),
    [
        ("cpu", LocalCpu()),
        ("cpu:4", LocalCpu(4)),
        ("ssh://jetson", RemoteDevice("jetson")),
        (PI, RemoteDevice("raspberrypi", "pi", 2222, python="/opt/python", threads=4)),
    ],
)
def test_a_word_stands_for_a_device(word: str, device: Device) -> None:
    assert open_device(word) == device
    assert word_of(device) == word


def test_every_device_has_a_name_that_tells_it_from_others() -> None:
    names = [open_device(word).name for word in ("cpu", "cpu:4", "ssh://pi", "ssh://pi?threads=2")]
    assert names == [
        "this machine's CPU, 1 thread",
        "this machine's CPU, 4 threads",
        "pi",
        "pi, 2 threads",
    ]


@pytest.mark.parametrize(
    "word",
    [
        "",
        "tpu",
        "cpu:four",
        "cuda:x",
        "ssh://",
        "ssh:pi",
        "ssh://pi:port",
        "ssh://pi?speed=9",
        "ssh://pi?threads=many",
        "ssh://pi:secret@host",
    ],
)
def test_a_word_for_nothing_is_refused_with_the_forms_there_are(word: str) -> None:
    message = f'must be "cpu", "cpu:<threads>", .* got {re.escape(repr(word))}'
    with pytest.raises(DeviceError, match=message):
        open_device(word)


@pytest.mark.parametrize("word", ["cpu:0", "ssh://pi?threads=0"])
def test_no_threads_are_refused(word: str) -> None:
    with pytest.raises(DeviceError, match="threads of a device must be at least 1, got 0"):
        open_device(word)


def test_a_gpu_that_the_runtime_cannot_use_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    providers = ["CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: providers)
    with pytest.raises(DeviceError, match=r"Runtime with CUDA.*has CPUExecutionProvider"):
        open_device("cuda")
    assert "cuda" not in known_devices()
    providers.append("CUDAExecutionProvider")
    assert open_device("cuda:1") == LocalGpu(1)
    assert "cuda" in known_devices()


def test_what_this_machine_has_can_be_opened() -> None:
    for word in known_devices():
        assert open_device(word).name


def test_the_processor_times_networks_in_turn() -> None:
    inputs = np.ones((2, 4), np.float32)
    models = {"a": tiny(), "b": tiny()}
    found = LocalCpu(2).latencies(models, inputs, rounds=6, time_limit_s=60, openings=2)
    assert {name: len(latency.samples_ms) for name, latency in found.items()} == {"a": 6, "b": 6}
