"""Measuring on another machine, against a real OpenSSH server on this one."""

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import ssh_server
from ssh_server import SshServer
from tiny_onnx import tiny

from workbench.devices import RemoteDevice
from workbench.errors import DataError, DeviceError, ExportError
from workbench.measure import benchmark
from workbench.progress import Cancelled

pytestmark = pytest.mark.skipif(
    ssh_server.SSHD is None, reason="no sshd here; 'make sshd' installs one"
)

INPUTS = np.ones((1, 4), np.float32)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with ssh_server.running(tmp_path_factory.mktemp("ssh")) as server:
        yield server


@pytest.fixture
def left_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the far side makes its temporary directories; and no files of the user are read."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    directory = tmp_path / "far"
    directory.mkdir()
    return directory


@pytest.fixture
def device(server: SshServer, left_over: Path) -> RemoteDevice:
    # A command of its own, as the server gives the far side an environment of its own.
    python = left_over.parent / "python"
    python.write_text(f'#!/bin/sh\nTMPDIR="{left_over}" exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    return RemoteDevice(
        "127.0.0.1",
        port=server.port,
        key=server.key,
        known_hosts=server.known_hosts,
        python=str(python),
    )


class Watching:
    """A monitor that does something at the first report whose words contain these."""

    def __init__(self, words: str = "", act: object = None) -> None:
        self.words, self.act = words, act
        self.shares: list[float] = []

    def report(self, done: float, total: float, message: str = "") -> None:
        self.shares.append(done / total)
        if self.act is not None and self.words in message:
            act, self.act = self.act, None
            act()  # type: ignore[operator]


def measure(device: RemoteDevice, rounds: int = 6, **settings: object) -> dict[str, object]:
    return device.latencies(
        {"dense": tiny(), "now": tiny()},
        INPUTS,
        rounds=rounds,
        time_limit_s=60,
        **settings,  # type: ignore[arg-type]
    )


def test_networks_are_timed_in_turn_over_there_and_nothing_is_left_behind(
    device: RemoteDevice, left_over: Path
) -> None:
    monitor = Watching()
    found = measure(device, monitor=monitor)
    assert list(found) == ["dense", "now"]
    assert all(len(latency.samples_ms) == 6 for latency in found.values())  # type: ignore[attr-defined]
    assert max(monitor.shares) >= 0.3  # it was copied, and measuring began
    assert left_in(left_over) == []


def test_memory_is_that_of_a_process_over_there(device: RemoteDevice, left_over: Path) -> None:
    before, peak = device.memory(tiny(), INPUTS)
    assert 2**20 < before <= peak
    assert left_in(left_over) == []


def test_a_host_whose_key_is_unknown_is_refused(device: RemoteDevice, tmp_path: Path) -> None:
    empty = tmp_path / "known_hosts"
    empty.write_text("")
    with pytest.raises(DeviceError, match=r"127\.0\.0\.1 port \d+ must be known, and it is in no"):
        measure(replace(device, known_hosts=empty))
    assert empty.read_text() == ""


def test_a_host_with_another_key_is_refused(
    device: RemoteDevice, server: SshServer, tmp_path: Path
) -> None:
    other = tmp_path / "known_hosts"
    user_key = server.key.with_suffix(".pub").read_text()
    other.write_text(f"[127.0.0.1]:{server.port} {user_key}")
    with pytest.raises(DeviceError, match="must be the known one, got another"):
        measure(replace(device, known_hosts=other))


def test_who_has_no_key_is_not_let_in(device: RemoteDevice, server: SshServer) -> None:
    with pytest.raises(DeviceError, match=r"lets nobody in as .*'ssh-copy-id' does"):
        measure(replace(device, key=server.key.with_name("host")))


def test_a_machine_that_is_not_there_is_named(device: RemoteDevice) -> None:
    with pytest.raises(DeviceError, match=r"127\.0\.0\.1 port 1 cannot be reached"):
        measure(replace(device, port=1))


def test_mistakes_over_there_are_those_of_here(device: RemoteDevice, left_over: Path) -> None:
    with pytest.raises(ExportError, match=r"on 127\.0\.0\.1: .*cannot open"):
        device.latencies({"broken": b"no model"}, INPUTS, rounds=1, time_limit_s=1)
    with pytest.raises(DataError, match=r"on 127\.0\.0\.1: model 'wide' takes"):
        device.latencies({"wide": tiny(width=9)}, INPUTS, rounds=1, time_limit_s=1)
    assert left_in(left_over) == []


def test_a_machine_without_onnx_runtime_says_so(device: RemoteDevice, left_over: Path) -> None:
    bare = left_over.parent / "bare"
    bare.write_text(f'#!/bin/sh\nTMPDIR="{left_over}" exec "{sys.executable}" -I -S "$@"\n')
    bare.chmod(0o755)
    with pytest.raises(DeviceError, match=r"numpy|onnxruntime"):
        measure(replace(device, python=str(bare)))
    assert left_in(left_over) == []


def test_a_lost_connection_is_an_error_and_the_far_side_cleans_up(
    device: RemoteDevice, server: SshServer, left_over: Path
) -> None:
    cut = Watching("latency", lambda: server.signal_sessions(signal.SIGKILL))
    with pytest.raises(DeviceError, match=r"127\.0\.0\.1"):
        measure(device, rounds=10**6, monitor=cut)
    wait_until_empty(left_over)


def test_a_machine_that_falls_silent_is_given_up(
    device: RemoteDevice, server: SshServer, left_over: Path
) -> None:
    stop = Watching("latency", lambda: server.signal_sessions(signal.SIGSTOP))
    try:
        with pytest.raises(DeviceError, match="said nothing for 3 s"):
            measure(replace(device, silence_s=3), rounds=10**6, monitor=stop)
    finally:
        server.signal_sessions(signal.SIGCONT)
    wait_until_empty(left_over)


def test_measuring_can_be_cancelled_and_the_far_side_cleans_up(
    device: RemoteDevice, left_over: Path
) -> None:
    def cancel() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        measure(device, rounds=10**6, monitor=Watching("latency", cancel))
    wait_until_empty(left_over)


def test_a_missing_package_is_named(device: RemoteDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "paramiko", None)
    with pytest.raises(DeviceError, match=r"pip install 'pruning-workbench\[remote\]'"):
        measure(device)


def left_in(directory: Path) -> list[Path]:
    """Directories of ours; the runtime leaves a file of its own among temporary ones."""
    return list(directory.glob(f"{benchmark.OWN_DIRECTORY}*"))


def wait_until_empty(directory: Path) -> None:
    """The benchmark over there notices within seconds that nobody listens."""
    deadline = os.times().elapsed + 60
    while left_in(directory):
        assert os.times().elapsed < deadline, "it was left behind"
