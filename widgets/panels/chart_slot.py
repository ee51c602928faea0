"""A place on the screen for a Bokeh chart."""

from collections.abc import Callable
from functools import partial
from typing import Any, Generic, TypeVar

from widgets.chart_view import ChartView
from widgets.charts.base import Chart
from widgets.charts.following import Following

C = TypeVar("C", bound=Chart)


class ChartSlot(Generic[C]):
    """Holds a chart, made when a page first shows it, and the widget that shows it.

    Args:
        kind: Of chart.
        draw: Updates a chart from the session.
        **options: For `kind`, such as what is called when something is dragged.
    """

    def __init__(self, kind: type[C], draw: Callable[[C], None], **options: Any) -> None:
        self._make: Callable[..., C] = partial(kind, **options)
        self._draw = draw
        self._follow: Callable[[C], tuple[str, str, Following]] | None = None
        self._dark = False
        self._chart: C | None = None
        self.root = ChartView(lambda: self.chart.root, kind.height)
        self.root.add_class("pw-chart")

    @property
    def chart(self) -> C:
        """The chart; made and drawn when it is first asked for."""
        if (chart := self._chart) is None:
            chart = self._make(dark=self._dark)
            self._draw(chart)
            self._chart = chart
            self._foresee()
        return chart

    def run_on(self, run: Callable[[Callable[[], None]], None]) -> None:
        """Have the chart made on a thread, which is the one that updates it."""
        self.root.run = run

    def update(self) -> None:
        """Draw the session as it is now, if anybody looks."""
        if self._chart is not None:
            with self.root.changing():
                self._draw(self._chart)

    def foresee(self, follow: Callable[[C], tuple[str, str, Following]]) -> None:
        """Have the chart follow a slider on the page, now or once it is made.

        Args:
            follow: Gives, of a chart, the arguments of `ChartView.foresee`.
        """
        self._follow = follow
        self._foresee()

    def _foresee(self) -> None:
        if self._chart is not None and self._follow is not None:
            self.root.foresee(*self._follow(self._chart))

    def set_dark(self, dark: bool) -> None:
        """Recolour for a dark or a light page."""
        self._dark = dark
        if self._chart is not None:
            with self.root.changing():
                self._chart.set_dark(dark)
