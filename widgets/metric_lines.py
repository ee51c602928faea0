"""What the metrics are called, in which units they are shown, and what they mean."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from widgets import wording


@dataclass(frozen=True)
class MetricLine:
    """A metric as a person reads it.

    Attributes:
        metric: Its name in `workbench.measure.metrics.Metrics`.
        label: Its name on the screen.
        unit: Of a target.
        per_unit: Of the metric, in one unit of the target.
        text: A value with its unit.
        hint: What it means.
        more: Whether it is folded away at first.
    """

    metric: str
    label: str
    unit: str
    per_unit: float
    text: Callable[[float], str]
    hint: str
    more: bool = False


METRIC_LINES = (
    MetricLine(
        "accuracy",
        "accuracy",
        "%",
        0.01,
        wording.percent,
        "Share of the test data classified right. Planned: measured on the probe set, a small "
        "part of the validation data, with the plan carried out on a copy.",
    ),
    MetricLine(
        "size_bytes",
        "size",
        "kB",
        1e3,
        wording.size,
        "Bytes of the stored tensors. Weights masked to zero still take their place.",
    ),
    MetricLine(
        "latency_ms",
        "latency",
        "ms",
        1,
        wording.milliseconds,
        "Time of one inference in ONNX Runtime on the selected device: the median.",
    ),
    MetricLine(
        "speedup",
        "speed-up",
        "×",
        1,
        lambda ratio: f"{ratio:.2f}×",
        "How many times faster than the dense model, both measured in turn in ONNX Runtime.",
    ),
    MetricLine(
        "throughput",
        "throughput",
        "/s",
        1,
        wording.per_second,
        "Inputs per second at that latency, one batch after the other.",
        more=True,
    ),
    MetricLine(
        "peak_memory_bytes",
        "peak memory",
        "MB",
        1e6,
        wording.size,
        "The most that a process holds which opens the model and runs it, on the selected device; "
        "Python and the runtime included. Zeros take as much room as other numbers.",
    ),
    MetricLine("macs", "MACs", "M", 1e6, wording.count, "Multiply-adds of one input."),
    MetricLine(
        "energy_mj",
        "energy (estimate)",
        "mJ",
        1,
        wording.millijoules,
        "An estimate, not a measurement: multiply-adds, and every weight, input and output of a "
        "layer moved once to or from memory, at published energies. Zeros save none of it.",
    ),
    MetricLine(
        "parameters",
        "parameters",
        "k",
        1e3,
        wording.count,
        "Numbers stored in parameters.",
        more=True,
    ),
    MetricLine(
        "nonzero_parameters",
        "non-zero",
        "k",
        1e3,
        wording.count,
        "Parameters that are not zero: what weight pruning lowers.",
        more=True,
    ),
    MetricLine(
        "onnx_gzip_bytes",
        "zipped ONNX",
        "kB",
        1e3,
        wording.size,
        "Size of the ONNX file compressed with gzip: where zeros do save space.",
        more=True,
    ),
)
"""From top to bottom of the score board."""

BY_METRIC: Mapping[str, MetricLine] = MappingProxyType({line.metric: line for line in METRIC_LINES})

COSTS = tuple(
    BY_METRIC[name]
    for name in (
        "size_bytes",
        "latency_ms",
        "macs",
        "parameters",
        "nonzero_parameters",
        "onnx_gzip_bytes",
    )
)
"""Metrics of which less is better."""
