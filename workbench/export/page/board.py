"""The table that people are asked for: metric, before, after, target, met or not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from workbench.export.page import words
from workbench.measure.metrics import Metrics
from workbench.targets import BETTER, meets

_SHOWN: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    ("accuracy", "Accuracy", words.percent),
    ("parameters", "Parameters", words.count),
    ("nonzero_parameters", "Parameters that are not zero", words.count),
    ("macs", "Multiply-adds, one input", words.count),
    ("size_bytes", "Weights", words.size),
    ("onnx_bytes", "ONNX file", words.size),
    ("onnx_gzip_bytes", "ONNX file, zipped", words.size),
    ("latency_ms", "Latency", words.milliseconds),
    ("throughput", "Inputs per second", words.count),
    ("peak_memory_bytes", "Peak memory", words.size),
    ("energy_mj", "Energy (estimate)", words.energy),
    ("speedup", "Speed-up", lambda value: f"{value:.2f} ×"),
)


@dataclass(frozen=True)
class Row:
    """One metric; empty texts where nothing is known."""

    title: str
    before: str
    after: str
    change: str
    target: str
    met: bool | None


def board_rows(dense: Metrics, now: Metrics, targets: Mapping[str, float]) -> list[Row]:
    """Metrics that were measured before and after, or that have a target."""
    rows, dense = [], dense.beside(now)
    for name, title, worded in _SHOWN:
        before, after, target = dense.figure(name), now.figure(name), targets.get(name)
        if (before is None or after is None) and target is None:
            continue
        met = None if target is None or after is None else meets(name, after, target)
        rows.append(
            Row(
                title,
                "" if before is None else worded(before),
                "" if after is None else worded(after),
                _change(name, before, after, now),
                "" if target is None else _sign(name) + worded(target),
                met,
            )
        )
        if name == "latency_ms":
            rows += _slow_rounds(dense, now)
    return rows


def _slow_rounds(dense: Metrics, now: Metrics) -> list[Row]:
    """How far single rounds lie above the median."""
    before, after = dense.latency_ms, now.latency_ms
    if before is None or after is None:
        return []
    p90s = words.milliseconds(before.p90_ms), words.milliseconds(after.p90_ms)
    return [Row("Latency, 90th percentile", *p90s, change="", target="", met=None)]


def _change(name: str, before: float | None, after: float | None, now: Metrics) -> str:
    if before is None or after is None:
        return ""
    if name == "latency_ms" and now.speedup is not None:
        return f"{words.times(now.speedup)} faster"  # measured in turn, where medians drift
    if name == "accuracy":
        return words.points(after - before)
    return f"{100 * (after / before - 1):+.1f} %".replace("-", "−") if before else ""


def _sign(name: str) -> str:
    return "at least " if BETTER.get(name) == "higher" else "at most "
