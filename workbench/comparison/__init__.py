"""Steps beside each other: two of them in detail, or all of them as a trade-off."""

from workbench.comparison.compare import Comparison, MetricChange, SettingChange, compare
from workbench.comparison.layers import Counts, LayerChange
from workbench.comparison.pareto import pareto_front
from workbench.comparison.weights import WeightsBeside, compare_weights

__all__ = [
    "Comparison",
    "Counts",
    "LayerChange",
    "MetricChange",
    "SettingChange",
    "WeightsBeside",
    "compare",
    "compare_weights",
    "pareto_front",
]
