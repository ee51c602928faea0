"""The energy of one inference, measured: what a counter adds up, less what an idle machine uses.

Each round waits for a while and counts what idling costs, then runs every model for as long, in an
order drawn anew. What a model adds to the idle power, over its inferences of that round, is one
sample; so slow drifts of the machine's idle power touch dense and pruned models alike.
"""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.errors import DataError
from workbench.measure.benchmark import Runner
from workbench.measure.energy_counters import EnergyCounter
from workbench.measure.runtime import errors_of_models
from workbench.progress import SILENT, Monitor

_NAP_S = 0.02


@dataclass(frozen=True)
class MeasuredEnergy:
    """Energy of one inference of the given batch above that of an idle machine, in millijoules."""

    median_mj: float
    """Median over the rounds."""

    low_mj: float
    """The lowest round; below 0, the machine's idle power swings more than inference uses."""

    high_mj: float
    """The highest round."""

    idle_w: float
    """Median power of the idle machine, in watts."""

    samples_mj: tuple[float, ...]
    """Every round, in the order they ran."""

    counter: str
    """What was counted."""


@dataclass(frozen=True)
class _Window:
    """What was counted for a while."""

    joules: float
    seconds: float
    inferences: int = 0


def measure_energy(
    models: Mapping[str, bytes | str | Path],
    inputs: NDArray[Any],
    counter: EnergyCounter,
    *,
    threads: int = 1,
    rounds: int = 5,
    window_s: float = 1.0,
    seed: int = 0,
    monitor: Monitor = SILENT,
) -> dict[str, MeasuredEnergy]:
    """Count what ONNX models use in ONNX Runtime on this CPU, in turn with doing nothing.

    Args:
        models: Bytes or file of each model, by name; each has one input.
        inputs: One batch; the energy is that of the batch.
        counter: Of the machine's energy.
        threads: Threads ONNX Runtime uses within an operator, at least 1.
        rounds: Samples of each model, at least 1.
        window_s: Seconds that each model, and idling, is counted for in a round; counters move
            about a thousand times a second, so at least a tenth of a second.
        seed: Draws the order of the models within each round.
        monitor: Told about 50 times a second.

    Raises:
        DataError: If a count is out of range, or a model does not take these inputs.
        ExportError: If ONNX Runtime cannot open a model.
        MeasurementError: If the counter can no longer be read.
        Cancelled: If the monitor was cancelled.
    """
    if rounds < 1:
        raise DataError(f"rounds must be at least 1, got {rounds}.")
    if not window_s > 0:
        raise DataError(f"window_s must be above 0, got {window_s}.")
    with errors_of_models():
        runners = [Runner(name, source, inputs, threads) for name, source in models.items()]
    samples_mj: dict[str, list[float]] = {name: [] for name in models}
    idle_w = []
    shuffle = random.Random(seed).shuffle
    total = rounds * (len(runners) + 1)
    for completed in range(rounds):
        done = completed * (len(runners) + 1)
        monitor.report(done, total, "counting the energy of an idle machine")
        idle = _count(counter, window_s, lambda: time.sleep(_NAP_S), monitor, done, total)
        idle_w.append(idle.joules / idle.seconds)
        shuffle(runners)
        for number, runner in enumerate(runners, start=1):
            busy = _count(counter, window_s, runner.run, monitor, done + number, total)
            samples_mj[runner.name].append(_above_idle_mj(busy, idle))
    power_w = float(np.median(idle_w))
    return {
        name: MeasuredEnergy(
            float(np.median(found)), min(found), max(found), power_w, tuple(found), counter.name
        )
        for name, found in samples_mj.items()
    }


def _count(
    counter: EnergyCounter,
    window_s: float,
    work: Callable[[], object],
    monitor: Monitor,
    done: int,
    total: int,
) -> _Window:
    """Do the work over and over for a while."""
    start_j, start, times = counter.joules(), time.perf_counter(), 0
    reported = start
    while (now := time.perf_counter()) - start < window_s or not times:
        work()
        times += 1
        if now - reported >= _NAP_S:
            monitor.report(done, total, "counting energy")
            reported = now
    return _Window(counter.joules() - start_j, time.perf_counter() - start, times)


def _above_idle_mj(busy: _Window, idle: _Window) -> float:
    """Energy of one inference above idling for as long."""
    idling_j = idle.joules / idle.seconds * busy.seconds
    return (busy.joules - idling_j) / busy.inferences * 1e3
