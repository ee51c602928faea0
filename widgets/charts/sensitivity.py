"""Accuracy of one unit pruned alone, against the ratio: what was measured, and a smooth curve."""

from collections.abc import Sequence

import numpy as np
from bokeh.models import ColumnDataSource, HoverTool, NumeralTickFormatter, Range1d
from bokeh.models.annotations import Span

from widgets.charts.base import assign, new_figure, set_title, shorten
from widgets.theme import apply_theme, palette
from workbench.sensitivity import Point
from workbench.sensitivity.display import falling_curve

_STEPS = 100


def points_data(points: Sequence[Point]) -> dict[str, list[object]]:
    """Columns ``ratio``, ``accuracy``, and ``source``: how each figure came about, in words."""
    return {
        "ratio": [point.ratio for point in points],
        "accuracy": [point.accuracy for point in points],
        "source": [f"{point.source} on {point.inputs} inputs" for point in points],
    }


def curve_data(points: Sequence[Point], baseline: float) -> dict[str, list[object]]:
    """A falling curve through the points, from ratio 0; columns ``ratio`` and ``accuracy``."""
    if not points:
        return {"ratio": [], "accuracy": []}
    curve = falling_curve(baseline, points)
    ratios = np.linspace(0, points[-1].ratio, _STEPS)
    return {"ratio": ratios.tolist(), "accuracy": curve.at(ratios).tolist()}


class SensitivityChart:
    """How accuracy falls as the selected unit alone is pruned, and where its slider stands.

    Args:
        dark: Whether the page is dark.
    """

    def __init__(self, dark: bool = False) -> None:
        self._drawn: tuple[Sequence[Point], float] = ((), 1.0)
        self.source = ColumnDataSource(points_data([]))
        self.curve = ColumnDataSource(curve_data([], 1.0))
        hover = HoverTool(
            tooltips=[
                ("ratio", "@ratio{0 %}"),
                ("accuracy", "@accuracy{0.0 %}"),
                ("", "@source"),
            ],
            visible=False,
        )
        self.root = new_figure(
            height=170,
            x_label="pruning ratio of this unit alone",
            y_label="probe accuracy",
            file_name="sensitivity",
            tools=[hover],
            x_range=Range1d(start=0, end=1),
            y_range=Range1d(start=0, end=1.04),
        )
        for axis in (*self.root.xaxis, *self.root.yaxis):
            axis.formatter = NumeralTickFormatter(format="0 %")
        self._line = self.root.line("ratio", "accuracy", line_width=2, source=self.curve)
        self._dots = self.root.scatter("ratio", "accuracy", size=6, source=self.source)
        hover.renderers = [self._dots]
        self._now = Span(dimension="height", line_dash=[4, 3], line_width=1.5, visible=False)
        self.root.add_layout(self._now)
        self.clear()
        self.set_dark(dark)

    def update(self, title: str, points: Sequence[Point], baseline: float, ratio: float) -> None:
        """Show a unit's figures.

        Args:
            title: The unit's name.
            points: By rising ratio.
            baseline: Accuracy of the model as it is, in [0, 1].
            ratio: Where its slider stands.
        """
        set_title(self.root, f"Sensitivity of {shorten(title)}")
        if (points, baseline) != self._drawn:  # a slider moves far more often than a figure comes
            self._drawn = (points, baseline)
            assign(self.source, points_data(points))
            assign(self.curve, curve_data(points, baseline))
        self._now.update(location=ratio, visible=ratio > 0)

    def clear(self, note: str = "") -> None:
        """Show nothing; `note` says why."""
        self._drawn = ((), 1.0)
        set_title(self.root, f"Sensitivity: {note}" if note else "Sensitivity")
        assign(self.source, points_data([]))
        assign(self.curve, curve_data([], 1.0))
        self._now.update(visible=False)

    def set_dark(self, dark: bool) -> None:
        """Recolour for a dark or a light page."""
        colours = palette(dark)
        apply_theme(self.root, dark)
        self._line.glyph.update(line_color=colours.kept, line_alpha=0.6)
        self._dots.glyph.update(fill_color=colours.kept, line_color=colours.kept)
        self._now.line_color = colours.cut
