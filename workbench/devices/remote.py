"""Another machine over SSH, such as a Raspberry Pi: all it needs is Python and ONNX Runtime.

The models, one batch and the file `workbench.measure.benchmark` are copied into a temporary
directory there, the file is run, and the directory is removed, also when the connection is lost.
"""

import io
import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
from numpy.typing import NDArray

from workbench.devices.ssh import Connection
from workbench.errors import DataError, DeviceError, ExportError
from workbench.measure import benchmark
from workbench.measure.latency import Latency
from workbench.progress import SILENT, Monitor, Part

SILENCE_S = 20.0
"""A benchmark that says nothing for so long is taken for lost; it says something every 2 s."""

_WARMUP = 2
_MAKE_DIRECTORY = f"import tempfile; print(tempfile.mkdtemp(prefix={benchmark.OWN_DIRECTORY!r}))"
_ERRORS = {"CannotOpenError": ExportError, "WrongInputsError": DataError}


@dataclass(frozen=True)
class RemoteDevice:
    """A machine that is reached by SSH with a key; its host key must be known.

    Attributes:
        host: Its name, as in ``~/.ssh/config``, or address.
        user: Who logs in; by default what that file says, or oneself.
        port: By default what that file says, or 22.
        python: The command that runs Python there.
        threads: Threads within an operator, at least 1.
        key: A file with a private key; by default an agent's and the usual ones.
        known_hosts: Files with host keys, beside the user's own.
        silence_s: Seconds without a sign of life after which the connection is given up.
    """

    host: str
    user: str | None = None
    port: int | None = None
    python: str = "python3"
    threads: int = 1
    key: Path | None = None
    known_hosts: Path | None = None
    silence_s: float = SILENCE_S

    def __post_init__(self) -> None:
        if self.threads < 1:
            raise DeviceError(f"threads of a device must be at least 1, got {self.threads}.")

    @property
    def name(self) -> str:
        """What it is called."""
        threads = "" if self.threads == 1 else f", {self.threads} threads"
        return f"{self.host}{threads}"

    @property
    def word(self) -> str:
        """What `open_device` takes; files of keys are not part of it."""
        user = "" if self.user is None else f"{self.user}@"
        port = "" if self.port is None else f":{self.port}"
        settings = {"threads": self.threads, "python": self.python}
        changed = {k: v for k, v in settings.items() if v not in (1, "python3")}
        query = f"?{urlencode(changed, safe='/')}" if changed else ""
        return f"ssh://{user}{self.host}{port}{query}"

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
        request = {
            "task": "latency",
            "threads": self.threads,
            "warmup": _WARMUP,
            "rounds": rounds,
            "time_limit_s": time_limit_s,
            "openings": openings,
        }
        found = self._ask(models, inputs, request, monitor)
        return {name: Latency.from_samples(tuple(found[name])) for name in models}

    def memory(
        self, model: bytes, inputs: NDArray[Any], *, monitor: Monitor = SILENT
    ) -> tuple[int, int]:
        """See `latency_model.Device.memory`."""
        request = {"task": "memory", "threads": self.threads}
        before, peak = self._ask({"model": model}, inputs, request, monitor)
        return before, peak

    def _ask(
        self,
        models: Mapping[str, bytes],
        inputs: NDArray[Any],
        request: Mapping[str, Any],
        monitor: Monitor,
    ) -> Any:
        monitor.report(0, 100, f"connecting to {self.host}")
        with Connection.open(self) as connection:
            directory = connection.output([self.python, "-c", _MAKE_DIRECTORY]).strip()
            try:
                named = {name: f"{number}.onnx" for number, name in enumerate(models)}
                files = {
                    **{named[name]: data for name, data in models.items()},
                    "inputs.npy": _npy(inputs),
                    "benchmark.py": Path(benchmark.__file__).read_bytes(),
                    "request.json": json.dumps(
                        {**request, "models": named, "inputs": "inputs.npy"}
                    ).encode(),
                }
                connection.put(directory, files, Part(monitor, 0, 30, 100))
                command = shlex.join([self.python, "benchmark.py", "request.json"])
                lines = connection.lines(f"cd {shlex.quote(directory)} && exec {command}")
                return self._result(lines, Part(monitor, 30, 100, 100))
            finally:
                connection.remove(directory)

    def _result(self, lines: Iterator[str], monitor: Monitor) -> Any:
        for line in lines:
            try:
                message: dict[str, Any] = json.loads(line)
            except ValueError as error:
                raise DeviceError(
                    f"{self.host} must answer in JSON, got {line[:200]!r}. Does the shell there "
                    "print something of its own?"
                ) from error
            match message:
                case {"progress": [done, total, str(words)]}:
                    monitor.report(done, total, f"{words} on {self.host}")
                case {"error": {"kind": kind, "message": words}}:
                    raise _ERRORS.get(kind, DeviceError)(f"on {self.host}: {words}")
                case {"result": result}:
                    return result
                case _:  # alive
                    monitor.report(0, 100, f"measuring on {self.host}")
        raise DeviceError(f"{self.host} ended the benchmark without a result.")


def _npy(array: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()
