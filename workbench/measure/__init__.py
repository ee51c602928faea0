"""Measurements: accuracy, size and latency, and the record that holds them."""

from workbench.measure.accuracy import Evaluation, evaluate
from workbench.measure.latency import Latency, Ratio, latency_ratio, measure_latencies
from workbench.measure.metrics import Metrics
from workbench.measure.size import gzip_bytes, nonzero_count, parameter_count, state_dict_bytes

__all__ = [
    "Evaluation",
    "Latency",
    "Metrics",
    "Ratio",
    "evaluate",
    "gzip_bytes",
    "latency_ratio",
    "measure_latencies",
    "nonzero_count",
    "parameter_count",
    "state_dict_bytes",
]
