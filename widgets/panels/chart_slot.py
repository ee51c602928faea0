"""A place on the screen for a Bokeh chart."""

from collections.abc import Callable
from typing import Generic, TypeVar

from widgets.chart_view import ChartView
from widgets.charts.base import Chart

C = TypeVar("C", bound=Chart)


class ChartSlot(Generic[C]):
    """Holds a chart and the widget that shows it.

    Args:
        make: Makes the chart, empty.
        draw: Updates a chart from the session.
    """

    def __init__(self, make: Callable[[], C], draw: Callable[[C], None]) -> None:
        self._draw = draw
        self.chart = make()
        self.root = ChartView(self.chart.root)
        self.root.add_class("pw-chart")

    def update(self) -> None:
        """Draw the session as it is now."""
        with self.root.changing():
            self._draw(self.chart)

    def set_dark(self, dark: bool) -> None:
        """Recolour for a dark or a light page."""
        with self.root.changing():
            self.chart.set_dark(dark)
