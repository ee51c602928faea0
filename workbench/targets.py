"""Targets: what a person wants to reach, by metric."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from workbench.errors import PlanError

BETTER: Mapping[str, Literal["higher", "lower"]] = MappingProxyType(
    {
        "accuracy": "higher",
        "parameters": "lower",
        "nonzero_parameters": "lower",
        "macs": "lower",
        "energy_mj": "lower",
        "size_bytes": "lower",
        "onnx_gzip_bytes": "lower",
        "latency_ms": "lower",
        "speedup": "higher",
        "throughput": "higher",
        "peak_memory_bytes": "lower",
    }
)
"""Metrics that can have a target, and which way is better."""


def checked_targets(targets: Mapping[str, float]) -> Mapping[str, float]:
    """A read-only copy.

    Raises:
        PlanError: If a metric is unknown, or a value is out of range.
    """
    if not isinstance(targets, Mapping):
        raise PlanError(
            f"targets must be given by metric, got {targets!r}. Use for example "
            "{'accuracy': 0.9}."
        )
    for metric, value in targets.items():
        if metric not in BETTER:
            raise PlanError(
                f"a target's metric must be one of {', '.join(BETTER)}; got {metric!r}."
            )
        if not _sound(metric, value):
            bounds = "in [0, 1]" if metric == "accuracy" else "a finite number of at least 0"
            raise PlanError(
                f"target of {metric!r} must be {bounds}, got {value!r}. "
                "Leave the metric out for no target."
            )
    return MappingProxyType(dict(targets))


def _sound(metric: str, value: object) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return math.isfinite(value) and 0 <= value <= (1 if metric == "accuracy" else math.inf)


def meets(metric: str, value: float, target: float) -> bool:
    """Whether a value reaches its target."""
    return value >= target if BETTER[metric] == "higher" else value <= target
