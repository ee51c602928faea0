"""One SSH connection: host keys are checked, and every wait has an end.

Reference:
    paramiko, which speaks the protocol; it comes with the extra ``remote``.
"""

import importlib
import posixpath
import shlex
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from workbench.errors import DeviceError
from workbench.progress import Monitor

if TYPE_CHECKING:
    import paramiko

CONNECT_S = 10.0
_CHUNK_BYTES = 2**18
_SHOWN = 400


class Address(Protocol):
    """Whom to connect to; see `RemoteDevice`."""

    @property
    def host(self) -> str: ...
    @property
    def user(self) -> str | None: ...
    @property
    def port(self) -> int | None: ...
    @property
    def key(self) -> Path | None: ...
    @property
    def known_hosts(self) -> Path | None: ...
    @property
    def silence_s(self) -> float: ...


class Connection:
    """An open connection; failures of the network are `DeviceError`s."""

    def __init__(self, client: "paramiko.SSHClient", address: Address) -> None:
        self._client, self._host, self._silence_s = client, address.host, address.silence_s

    @classmethod
    @contextmanager
    def open(cls, address: Address) -> Iterator["Connection"]:
        """Connect, and disconnect on the way out.

        Raises:
            DeviceError: If paramiko is missing, the host is not reached, its key is unknown or
                another one than known, or nobody is let in.
        """
        ssh = _paramiko()
        client = ssh.SSHClient()
        try:
            client.load_system_host_keys()
            if address.known_hosts is not None:
                client.load_host_keys(str(address.known_hosts))
            client.set_missing_host_key_policy(ssh.RejectPolicy())
            _connect(ssh, client, address)
            yield cls(client, address)
        finally:
            client.close()

    def output(self, command: Sequence[str]) -> str:
        """What a command prints; it must succeed.

        Raises:
            DeviceError: If it does not, or the connection is lost.
        """
        return "".join(self.lines(shlex.join(command)))

    def lines(self, command: str) -> Iterator[str]:
        """What a shell command prints, line by line, as it does.

        Raises:
            DeviceError: If it fails without having printed JSON, says nothing for too long, or the
                connection is lost.
        """
        with self._failures("running the benchmark"):
            with self._at_most_silence():
                _, output, errors = self._client.exec_command(command, timeout=self._silence_s)
            yield from output
            output.channel.status_event.wait(self._silence_s)
            if status := output.channel.exit_status:
                said = errors.read().decode(errors="replace").strip()[-_SHOWN:]
                raise DeviceError(self._ended(status, said))

    def put(self, directory: str, files: Mapping[str, bytes], monitor: Monitor) -> None:
        """Write files into a directory there.

        Raises:
            DeviceError: If that fails, as on a full disk.
            Cancelled: If the monitor says so.
        """
        total, sent = sum(map(len, files.values())), 0
        with self._failures("copying the model"), self._files() as sftp:
            for name, data in files.items():
                with sftp.open(posixpath.join(directory, name), "wb") as file:
                    file.set_pipelined(True)
                    for start in range(0, len(data), _CHUNK_BYTES):
                        monitor.report(sent, total, f"copying to {self._host}")
                        chunk = data[start : start + _CHUNK_BYTES]
                        file.write(chunk)
                        sent += len(chunk)

    def remove(self, directory: str) -> None:
        """Remove a directory of files, as far as the connection still allows."""
        with suppress(Exception), self._files() as sftp:
            for name in sftp.listdir(directory):
                sftp.remove(posixpath.join(directory, name))
            sftp.rmdir(directory)

    @contextmanager
    def _files(self) -> Iterator["paramiko.SFTPClient"]:
        with self._at_most_silence():
            opened = self._client.open_sftp()
        with opened as sftp:
            channel = sftp.get_channel()
            if channel is not None:
                channel.settimeout(self._silence_s)
            yield sftp

    @contextmanager
    def _at_most_silence(self) -> Iterator[None]:
        """What could wait for the other side forever: an end, by closing the connection."""
        late = threading.Timer(self._silence_s, self._client.close)
        late.daemon = True
        late.start()
        try:
            yield
        except Exception as error:
            if not late.is_alive():
                raise TimeoutError from error
            raise
        finally:
            late.cancel()

    @contextmanager
    def _failures(self, doing: str) -> Iterator[None]:
        ssh = _paramiko()
        try:
            yield
        except TimeoutError as error:
            raise DeviceError(
                f"{self._host} said nothing for {self._silence_s:.0f} s while {doing}: the "
                "connection was lost, or the machine hangs."
            ) from error
        except (ssh.SSHException, EOFError, OSError) as error:
            raise DeviceError(f"{self._host} failed while {doing}: {_words(error)}.") from error

    def _ended(self, status: int, said: str) -> str:
        if status < 0:
            return f"the connection to {self._host} was lost while it was measuring. {said}"
        if "onnxruntime" in said and "ModuleNotFoundError" in said:
            return (
                f"{self._host} has no ONNX Runtime for its Python: {said}. Install it there with "
                "'python3 -m pip install onnxruntime', or name another Python."
            )
        return f"{self._host} ended the benchmark with status {status}: {said}"


def _connect(ssh: Any, client: "paramiko.SSHClient", address: Address) -> None:
    settings = _settings(ssh, address)
    where = f"{settings['hostname']} port {settings['port']}"
    try:
        client.connect(
            **settings,
            timeout=CONNECT_S,
            banner_timeout=CONNECT_S,
            auth_timeout=CONNECT_S,
            channel_timeout=CONNECT_S,
        )
    except ssh.BadHostKeyException as error:
        raise DeviceError(
            f"the host key of {where} must be the known one, got another: "
            f"{_words(error)}. Somebody may be in between, or the machine was set up anew; ask "
            "before you replace the key."
        ) from error
    except ssh.AuthenticationException as error:
        raise DeviceError(
            f"{where} lets nobody in as {settings.get('username') or 'this user'}: "
            f"{_words(error)}. Put a public key into its authorized_keys; 'ssh-copy-id' does."
        ) from error
    except (ssh.SSHException, OSError) as error:
        if "not found in known_hosts" in str(error):
            raise DeviceError(
                f"the host key of {where} must be known, and it is in no known_hosts file. "
                "Connect once with 'ssh' and compare the fingerprint it shows."
            ) from error
        raise DeviceError(
            f"{where} cannot be reached: {_words(error)}. Check that it is switched on and "
            "runs an SSH server."
        ) from error


def _settings(ssh: Any, address: Address) -> dict[str, Any]:
    """Arguments of `connect`: what was asked for, else what ``~/.ssh/config`` says."""
    known: Mapping[str, Any] = {}
    file = Path.home() / ".ssh" / "config"
    if file.exists():
        known = ssh.SSHConfig.from_path(str(file)).lookup(address.host)
    settings: dict[str, Any] = {
        "hostname": known.get("hostname", address.host),
        "port": address.port or int(known.get("port", 22)),
        "username": address.user or known.get("user"),
    }
    keys = [str(address.key)] if address.key else known.get("identityfile")
    if keys:
        settings["key_filename"] = keys
    if address.key:  # that one and no other
        settings.update(allow_agent=False, look_for_keys=False)
    return settings


def _words(error: Exception) -> str:
    return str(error).rstrip(".") or type(error).__name__


def _paramiko() -> Any:
    try:
        return importlib.import_module("paramiko")
    except ImportError as error:
        raise DeviceError(
            "a device over SSH needs the package paramiko. Install it with "
            "pip install 'pruning-workbench[remote]'."
        ) from error
