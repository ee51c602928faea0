"""Live Bokeh charts: one component per file, each with plain data in and one `root` to show."""

from widgets.charts.base import Chart
from widgets.charts.histogram import WeightHistogram
from widgets.charts.importance import ImportanceChart
from widgets.charts.pareto import ParetoChart
from widgets.charts.pareto_data import CostAxis, StepPoint
from widgets.charts.recovery import RecoveryChart, RecoveryRun
from widgets.charts.sensitivity import SensitivityChart
from widgets.charts.trade_off import Mark, TradeOffChart
from widgets.charts.weights_beside import WeightsBesideChart

__all__ = [
    "Chart",
    "CostAxis",
    "ImportanceChart",
    "Mark",
    "ParetoChart",
    "RecoveryChart",
    "RecoveryRun",
    "SensitivityChart",
    "StepPoint",
    "TradeOffChart",
    "WeightHistogram",
    "WeightsBesideChart",
]
