"""How long one inference takes in ONNX Runtime on this CPU, and honest ratios of that.

A CPU's clock, its caches and its other tenants drift over seconds. Two models measured one after
the other therefore differ by the drift as well. Here every round runs every model once, in an
order drawn anew, and ratios are taken within a round. Where a model's memory happens to lie is
worth another per cent, the same one for as long as it stays open; so all are opened afresh a few
times on the way, or a model compared with itself would seem to differ.
"""

import gc
import math
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.errors import DataError
from workbench.measure.runtime import open_runtime
from workbench.progress import SILENT, Monitor

_SAMPLE_MS = 1.0  # far above the resolution of the clock and the cost of reading it
_MAX_REPETITIONS = 1000
_REPORT_MS = 50.0
_RESAMPLES = 2000
OPENINGS = 5
"""How often every model is opened afresh, so that where its memory lies averages out."""

MIN_ROUNDS = 5
"""Rounds that are measured even when the time limit has passed."""


@dataclass(frozen=True)
class Latency:
    """Time of one inference of the given batch, in milliseconds."""

    median_ms: float
    """Median over the rounds."""

    p10_ms: float
    """One round in ten was at most this fast."""

    p90_ms: float
    """Nine rounds in ten were at most this slow."""

    samples_ms: tuple[float, ...]
    """Every round, in the order they ran."""

    @classmethod
    def from_samples(cls, samples_ms: tuple[float, ...]) -> "Latency":
        """Summarise one time per round."""
        p10, median, p90 = np.quantile(samples_ms, (0.1, 0.5, 0.9)).tolist()
        return cls(median, p10, p90, samples_ms)


@dataclass(frozen=True)
class Ratio:
    """How many times faster: dense latency over pruned latency."""

    value: float
    """Median of the ratios of the rounds; above 1 the pruned model is faster."""

    low: float
    """Lower end of the 95 % interval of `value`."""

    high: float
    """Upper end of the 95 % interval of `value`."""


def measure_latencies(
    models: Mapping[str, bytes | str | Path],
    inputs: NDArray[Any],
    *,
    threads: int = 1,
    warmup: int = 5,
    rounds: int = 50,
    time_limit_s: float = 5.0,
    openings: int = OPENINGS,
    seed: int = 0,
    monitor: Monitor = SILENT,
) -> dict[str, Latency]:
    """Time ONNX models against each other on the same inputs, interleaved round by round.

    A sample repeats the inference until it lasts about a millisecond, so that small models are
    not lost in the clock; what is reported is always the time of one inference. Python's garbage
    collector is off meanwhile.

    Args:
        models: Bytes or file of each model, by name; each has one input.
        inputs: One batch, such as float32 ``(B, C, H, W)``; the latency is that of the batch.
        threads: Threads ONNX Runtime uses within an operator, at least 1.
        warmup: Inferences of each model that are not counted, each time it is opened.
        rounds: Most samples of each model, at least 1.
        time_limit_s: Stop after this time in seconds, but not before 5 rounds; math.inf for all.
        openings: How often every model is opened afresh, at least 1.
        seed: Draws the order of the models within each round.
        monitor: Told about 20 times a second, between samples.

    Returns:
        The latency of every model, by name; the i-th samples of all belong to one round.

    Raises:
        DataError: If a count is out of range, or a model does not take these inputs.
        ExportError: If ONNX Runtime cannot open a model.
        Cancelled: If the monitor was cancelled.
    """
    if warmup < 0:
        raise DataError(f"warmup must be at least 0, got {warmup}.")
    if rounds < 1:
        raise DataError(f"rounds must be at least 1, got {rounds}.")
    if openings < 1:
        raise DataError(f"openings must be at least 1, got {openings}.")
    block_rounds = math.ceil(rounds / openings)
    blocks = math.ceil(rounds / block_rounds)
    pace = _Pace(monitor, len(models) * (blocks * (1 + warmup) + rounds))
    samples_ms: dict[str, list[float]] = {name: [] for name in models}
    shuffle = random.Random(seed).shuffle
    start = time.perf_counter()
    with _no_garbage_collection():
        for completed in range(rounds):
            if completed >= MIN_ROUNDS and time.perf_counter() - start > time_limit_s:
                break
            if completed % block_rounds == 0:
                runners: list[Runner] = []  # lets go of the last ones before new ones open
                for name, source in models.items():
                    pace.step(f"opening {name}")
                    runners.append(Runner(name, source, inputs, threads))
                for runner in runners:
                    runner.warm_up(warmup, pace)
            shuffle(runners)
            for runner in runners:
                pace.step("measuring latency")
                samples_ms[runner.name].append(runner.time_ms())
    return {name: Latency.from_samples(tuple(times)) for name, times in samples_ms.items()}


def latency_ratio(dense: Latency, pruned: Latency, *, seed: int = 0) -> Ratio:
    """Speed-up of `pruned` over `dense`, both from one call of `measure_latencies`.

    The median of the per-round ratios, with a 95 % percentile bootstrap interval over rounds.

    Raises:
        DataError: If the two were not measured in the same number of rounds.

    Reference:
        Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.
    """
    if len(dense.samples_ms) != len(pruned.samples_ms):
        raise DataError(
            "a latency ratio pairs the rounds of both models, got "
            f"{len(dense.samples_ms)} dense and {len(pruned.samples_ms)} pruned rounds. "
            "Measure both in one call of measure_latencies."
        )
    ratios = np.asarray(dense.samples_ms) / np.asarray(pruned.samples_ms)
    picks = np.random.default_rng(seed).integers(len(ratios), size=(_RESAMPLES, len(ratios)))
    medians = np.median(ratios[picks], axis=1)
    low, high = np.quantile(medians, (0.025, 0.975)).tolist()
    return Ratio(float(np.median(ratios)), low, high)


class Runner:
    """One opened model and how often it is repeated per sample."""

    def __init__(
        self, name: str, source: bytes | str | Path, inputs: NDArray[Any], threads: int
    ) -> None:
        self.name = name
        self._session = open_runtime(source, threads=threads)
        expected = self._session.get_inputs()
        if len(expected) != 1:
            names = ", ".join(one.name for one in expected)
            raise DataError(f"model {name!r} must have 1 input, got {len(expected)}: {names}.")
        self._feed = {expected[0].name: np.ascontiguousarray(inputs)}
        self._repetitions = 1
        try:
            self.run()
        except Exception as error:  # the runtime's own exceptions share no public base class
            raise DataError(
                f"model {name!r} takes {expected[0].type} of shape {expected[0].shape}, got "
                f"{inputs.dtype} of shape {inputs.shape}: {error}"
            ) from error

    def warm_up(self, count: int, pace: "_Pace") -> None:
        """Run so often without counting, and find how many inferences make a sample."""
        for _ in range(count):
            pace.step(f"warming up {self.name}")
            self.run()
        # Doubling, because the first runs of a small model are many times slower than the rest.
        while self._repetitions < _MAX_REPETITIONS:
            if self.time_ms() * self._repetitions >= _SAMPLE_MS:
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


class _Pace:
    """Counts steps; tells the monitor rarely enough not to disturb what is being timed."""

    def __init__(self, monitor: Monitor, total: int) -> None:
        self._monitor, self._total = monitor, total
        self._done, self._reported = 0, -math.inf

    def step(self, message: str) -> None:
        now = time.perf_counter() * 1e3
        if now - self._reported >= _REPORT_MS:
            self._monitor.report(self._done, self._total, message)
            self._reported = now
        self._done += 1


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
