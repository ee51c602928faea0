"""Live Bokeh charts: one component per file, each with plain data in and one `root` to show."""

from widgets.charts.base import Chart
from widgets.charts.histogram import WeightHistogram
from widgets.charts.importance import ImportanceChart
from widgets.charts.recovery import RecoveryChart, RecoveryRun
from widgets.charts.sensitivity import SensitivityChart
from widgets.charts.steps import StepFigures, StepsChart
from widgets.charts.trade_off import Mark, TradeOffChart

__all__ = [
    "Chart",
    "ImportanceChart",
    "Mark",
    "RecoveryChart",
    "RecoveryRun",
    "SensitivityChart",
    "StepFigures",
    "StepsChart",
    "TradeOffChart",
    "WeightHistogram",
]
