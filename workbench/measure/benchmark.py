"""Times ONNX models in turn, or finds the peak memory of one; here, or copied to another machine.

This file needs Python 3.8, NumPy and ONNX Runtime, and nothing else of the workbench: it is sent to
devices as it is, and there is one way of timing on all of them.

    python benchmark.py request.json

The request is a JSON object: ``task`` ("latency" or "memory"), ``models`` (file by name),
``inputs`` (a .npy file), and the keyword arguments of `take_turns`. Every line of the output is a
JSON object too: ``progress``, ``alive``, and at the end ``result`` or ``error``.

A CPU's clock, its caches and its other tenants drift over seconds. Two models measured one after
the other therefore differ by the drift as well. Here every round runs every model once, in an
order drawn anew, and ratios are taken within a round. Where a model's memory happens to lie is
worth another per cent, the same one for as long as it stays open; so all are opened afresh a few
times on the way, or a model compared with itself would seem to differ.
"""

from __future__ import annotations

import gc
import json
import math
import os
import random
import shutil
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, Sequence, Tuple

import numpy as np
import onnxruntime

SAMPLE_MS = 1.0  # far above the resolution of the clock and the cost of reading it
MAX_REPETITIONS = 1000
MIN_ROUNDS = 5
REPORT_MS = 50.0
ALIVE_S = 2.0
CPU = ("CPUExecutionProvider",)

OWN_DIRECTORY = "pruning-workbench-"
"""How the name of a directory begins that is made on a device for this file."""

_ERRORS_ONLY = 3
_MEMORY_RUNS = 3

Report = Callable[[float, float, str], None]


class CannotOpenError(Exception):
    """ONNX Runtime does not accept a model."""


class WrongInputsError(Exception):
    """A model does not take these inputs."""


def open_session(
    source: bytes | str | Path,
    *,
    threads: int = 1,
    providers: Sequence[Any] = CPU,
    profile: str = "",
) -> onnxruntime.InferenceSession:
    """Open an ONNX model.

    Args:
        source: The model's bytes, or its file.
        threads: Threads within an operator; operators run one after another.
        providers: What computes, the first that can.
        profile: Start of the name of a file to which the runtime writes how long operators take.

    Raises:
        CannotOpenError: If the file cannot be read, or is not a model that it accepts.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    # A waiting pool that spins would steal time from the model it is compared with.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if profile:
        options.enable_profiling = True
        options.profile_file_prefix = profile
    name = "the given bytes" if isinstance(source, bytes) else str(source)
    try:
        return onnxruntime.InferenceSession(
            source if isinstance(source, bytes) else str(source),
            sess_options=options,
            providers=list(providers),
        )
    except Exception as error:  # the runtime's own exceptions share no public base class
        raise CannotOpenError(
            f"ONNX Runtime {onnxruntime.__version__} cannot open {name}: {error}. "
            "Export the model again, or check that the file is a complete ONNX model."
        ) from error


class Runner:
    """One opened model and how often it is repeated per sample."""

    def __init__(
        self,
        name: str,
        source: bytes | str | Path,
        inputs: np.ndarray,
        threads: int = 1,
        providers: Sequence[Any] = CPU,
    ) -> None:
        self.name = name
        self._session = open_session(source, threads=threads, providers=providers)
        expected = self._session.get_inputs()
        if len(expected) != 1:
            names = ", ".join(one.name for one in expected)
            raise WrongInputsError(
                f"model {name!r} must have 1 input, got {len(expected)}: {names}."
            )
        self._feed = {expected[0].name: np.ascontiguousarray(inputs)}
        self._repetitions = 1
        try:
            self.run()
        except Exception as error:  # the runtime's own exceptions share no public base class
            raise WrongInputsError(
                f"model {name!r} takes {expected[0].type} of shape {expected[0].shape}, got "
                f"{inputs.dtype} of shape {inputs.shape}: {error}"
            ) from error

    def warm_up(self, count: int, pace: Pace) -> None:
        """Run so often without counting, and find how many inferences make a sample."""
        for _ in range(count):
            pace.step(f"warming up {self.name}")
            self.run()
        # Doubling, because the first runs of a small model are many times slower than the rest.
        while self._repetitions < MAX_REPETITIONS:
            if self.time_ms() * self._repetitions >= SAMPLE_MS:
                break
            self._repetitions *= 2

    def run(self) -> None:
        """One inference."""
        self._session.run(None, self._feed)

    def time_ms(self) -> float:
        """Time of one inference, averaged over the repetitions."""
        run, feed = self._session.run, self._feed
        start = time.perf_counter_ns()
        for _ in range(self._repetitions):
            run(None, feed)
        return (time.perf_counter_ns() - start) / self._repetitions / 1e6


class Pace:
    """Counts steps; reports rarely enough not to disturb what is being timed."""

    def __init__(self, report: Report, total: int) -> None:
        self._report, self._total = report, total
        self._done, self._reported = 0, -math.inf

    def step(self, message: str) -> None:
        """Another step begins."""
        now = time.perf_counter() * 1e3
        if now - self._reported >= REPORT_MS:
            self._report(self._done, self._total, message)
            self._reported = now
        self._done += 1


def take_turns(
    models: Mapping[str, bytes | str | Path],
    inputs: np.ndarray,
    *,
    threads: int,
    warmup: int,
    rounds: int,
    time_limit_s: float,
    openings: int,
    seed: int = 0,
    providers: Sequence[Any] = CPU,
    report: Report = lambda done, total, message: None,
) -> Dict[str, List[float]]:
    """Time models against each other on the same inputs, interleaved round by round.

    A sample repeats the inference until it lasts about a millisecond, so that small models are
    not lost in the clock. Python's garbage collector is off meanwhile.

    Args:
        models: Bytes or file of each model, by name; each has one input.
        inputs: One batch.
        threads: Threads within an operator.
        warmup: Inferences of each model that are not counted, each time it is opened.
        rounds: Most samples of each model.
        time_limit_s: Stop after this time, but not before 5 rounds.
        openings: How often every model is opened afresh.
        seed: Draws the order of the models within each round.
        providers: What computes.
        report: Told about 20 times a second, between samples: done, total, what.

    Returns:
        By name, the time of one inference in every round, in milliseconds.

    Raises:
        CannotOpenError, WrongInputsError: If a model cannot be opened, or not take the inputs.
    """
    block_rounds = math.ceil(rounds / openings)
    blocks = math.ceil(rounds / block_rounds)
    pace = Pace(report, len(models) * (blocks * (1 + warmup) + rounds))
    samples_ms: Dict[str, List[float]] = {name: [] for name in models}
    shuffle = random.Random(seed).shuffle
    start = time.perf_counter()
    with _no_garbage_collection():
        for completed in range(rounds):
            if completed >= MIN_ROUNDS and time.perf_counter() - start > time_limit_s:
                break
            if completed % block_rounds == 0:
                runners: List[Runner] = []  # lets go of the last ones before new ones open
                for name, source in models.items():
                    pace.step(f"opening {name}")
                    runners.append(Runner(name, source, inputs, threads, providers))
                for runner in runners:
                    runner.warm_up(warmup, pace)
            shuffle(runners)
            for runner in runners:
                pace.step("measuring latency")
                samples_ms[runner.name].append(runner.time_ms())
    return samples_ms


def peak_memory(source: str | Path, inputs: np.ndarray, *, threads: int) -> Tuple[int, int]:
    """Run a model in this process, and see how much memory the process ever held.

    Returns:
        Bytes before the model was opened (Python and the runtime), and at the peak.
    """
    before = peak_resident_bytes()
    runner = Runner("model", source, inputs, threads)
    for _ in range(_MEMORY_RUNS):
        runner.run()
    return before, peak_resident_bytes()


def peak_resident_bytes() -> int:
    """The most memory that this process has held so far."""
    status = Path("/proc/self/status")
    if status.exists():  # what getrusage says there includes the process this one was forked from
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    try:
        import resource  # Unix only
    except ImportError:
        import psutil  # Windows, where the workbench itself runs

        memory: Any = psutil.Process().memory_info()
        return int(memory.peak_wset)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def answer(request: Dict[str, Any], directory: Path, say: Callable[..., None]) -> Any:
    """Do what a request asks; files are named relative to its directory."""
    task, models = request.pop("task"), request.pop("models")
    inputs = np.load(directory / request.pop("inputs"), allow_pickle=False)
    files = {name: directory / file for name, file in models.items()}
    if task == "memory":
        (file,) = files.values()
        return peak_memory(file, inputs, threads=request["threads"])
    return take_turns(
        files,
        inputs,
        report=lambda done, total, message: say(progress=[done, total, message]),
        **request,
    )


def main(request_file: str) -> int:
    """Answer a request on standard output; returns the exit status."""
    path = Path(request_file)
    writing, ended = threading.Lock(), threading.Event()

    def say(**message: Any) -> None:
        try:
            with writing:
                print(json.dumps(message), flush=True)
        except OSError:  # nobody listens any more: whoever asked is gone
            _remove_own_directory(path.resolve().parent)
            os._exit(1)

    def keep_saying_so() -> None:
        while not ended.wait(ALIVE_S):
            say(alive=True)

    threading.Thread(target=keep_saying_so, daemon=True).start()
    try:
        versions = {"onnxruntime": onnxruntime.__version__, "python": sys.version.split()[0]}
        say(versions=versions)
        say(result=answer(json.loads(path.read_text(encoding="utf-8")), path.parent, say))
    except Exception as error:  # whoever asked is on the other end of a pipe
        say(error={"kind": type(error).__name__, "message": str(error)})
        return 1
    finally:
        ended.set()
    return 0


def _remove_own_directory(directory: Path) -> None:
    """Remove the directory that was made for this file, and no other."""
    if directory.name.startswith(OWN_DIRECTORY):
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
