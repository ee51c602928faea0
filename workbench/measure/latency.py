"""How long one inference takes in ONNX Runtime on this machine, and honest ratios of that.

How models are timed against each other is in `workbench.measure.benchmark`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.errors import DataError, ExportError
from workbench.measure.benchmark import CPU, take_turns
from workbench.measure.runtime import errors_of_models
from workbench.progress import SILENT, Monitor

_RESAMPLES = 2000
OPENINGS = 5
"""How often every model is opened afresh, so that where its memory lies averages out."""


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

    def scaled(self, factor: float) -> "Latency":
        """As on a machine that takes `factor` times as long."""
        samples_ms = tuple(factor * sample for sample in self.samples_ms)
        # Quantiles scale along; to take them again would cost most of a prediction's time.
        return Latency(
            factor * self.median_ms, factor * self.p10_ms, factor * self.p90_ms, samples_ms
        )


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
    providers: Sequence[Any] = CPU,
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
        providers: What computes, of ONNX Runtime's execution providers.
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
    if threads < 1:
        raise ExportError(f"threads must be at least 1, got {threads}.")
    with errors_of_models():
        samples_ms = take_turns(
            models,
            inputs,
            threads=threads,
            warmup=warmup,
            rounds=rounds,
            time_limit_s=time_limit_s,
            openings=openings,
            seed=seed,
            providers=providers,
            report=monitor.report,
        )
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
