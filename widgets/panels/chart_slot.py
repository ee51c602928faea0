"""A place on the screen for a Bokeh chart."""

from collections.abc import Callable
from typing import Generic, TypeVar

import ipywidgets
from jupyter_bokeh.widgets import BokehModel

from widgets.charts.base import Chart

C = TypeVar("C", bound=Chart)


class ChartSlot(Generic[C]):
    """Holds a chart and the widget that shows it.

    A page draws what a `BokehModel` held when it was made, and then what it hears of later
    changes. A page that came to look later has missed some, so it gets a new chart: not a new
    picture of the old one, whose automatic ranges the first page has fixed by then.

    Args:
        make: Makes the chart, empty.
        draw: Updates a chart from the session.
    """

    def __init__(self, make: Callable[[], C], draw: Callable[[C], None]) -> None:
        self._make, self._draw = make, draw
        self._dark = False
        self.chart = make()
        self._shown: BokehModel | None = None
        self._changed = False
        self.root = ipywidgets.Box()
        self.root.add_class("pw-chart")

    def update(self) -> None:
        """Draw the session as it is now."""
        self._changed = True
        self._draw(self.chart)

    def renew(self) -> bool:
        """Give a page that came to look a chart it has missed nothing of; whether it needed one."""
        if self._shown is not None and not self._changed:
            return False
        old = self._shown
        if old is not None:
            self.chart = self._make()
            self.chart.set_dark(self._dark)
        self._draw(self.chart)
        self._shown, self._changed = BokehModel(self.chart.root), False
        self.root.children = (self._shown,)
        if old is not None:
            old.close()
        return True

    def set_dark(self, dark: bool) -> None:
        """Recolour for a dark or a light page."""
        self._dark, self._changed = dark, True
        self.chart.set_dark(dark)
