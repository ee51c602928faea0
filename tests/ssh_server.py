"""A real OpenSSH server on this machine, as a normal process with keys of its own."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SSHD = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
_PATIENCE_S = 20


@dataclass(frozen=True)
class SshServer:
    """A server that runs, and how to be let in.

    Attributes:
        port: On 127.0.0.1.
        key: The private key that it lets in.
        known_hosts: A file with its host key.
        process: The server.
    """

    port: int
    key: Path
    known_hosts: Path
    process: "subprocess.Popen[bytes]"

    def sessions(self) -> list[int]:
        """Processes that serve a connection, and what they started."""
        return _descendants(self.process.pid)

    def signal_sessions(self, number: signal.Signals) -> None:
        """Send a signal to those that serve a connection, not to what they started."""
        for pid in self.sessions():
            if "sshd" in _command(pid):
                os.kill(pid, number)


@contextmanager
def running(directory: Path) -> Iterator[SshServer]:
    """A server whose files are in a directory; it ends with the block, and if it does not start."""
    assert SSHD is not None
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # a server of root's insists on it
    for name in ("host", "user"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", directory / name], check=True
        )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = directory / "sshd_config"
    config.write_text(
        f"Port {port}\n"
        "ListenAddress 127.0.0.1\n"
        f"HostKey {directory / 'host'}\n"
        f"AuthorizedKeysFile {directory / 'user.pub'}\n"
        f"PidFile {directory / 'pid'}\n"
        "StrictModes no\n"
        "UsePAM no\n"
        "PasswordAuthentication no\n"
        "Subsystem sftp internal-sftp\n"
    )
    host_key = (directory / "host.pub").read_text()
    known_hosts = directory / "known_hosts"
    known_hosts.write_text(f"[127.0.0.1]:{port} {host_key}")
    command = [SSHD, "-D", "-E", directory / "log", "-f", config]
    # Left to itself, a server that was given up would be a warning in whichever test comes next.
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        try:
            _wait_until_it_listens(port, process, directory / "log")
            yield SshServer(port, directory / "user", known_hosts, process)
        finally:
            process.kill()


def _wait_until_it_listens(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"sshd ended: {log.read_text()}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError("sshd does not listen")


def _descendants(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    found = [int(child) for child in children]
    return [*found, *(deeper for child in found for deeper in _descendants(child))]


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()
