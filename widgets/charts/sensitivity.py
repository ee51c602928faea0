"""One unit pruned alone, against the ratio: the accuracy measured, and a smooth curve.

Before anything is measured: what gradients say, dashed, hollow, and on a scale of its own.
"""

from collections.abc import Sequence

import numpy as np
from bokeh.models import ColumnDataSource, HoverTool, NumeralTickFormatter, Range1d
from bokeh.models.annotations import Span

from widgets.charts.base import OVER, assign, new_figure, set_title, shorten
from widgets.charts.following import Follower, Following
from widgets.theme import apply_theme, palette
from workbench.sensitivity import GradientCurve, Point
from workbench.sensitivity.display import falling_curve

_STEPS = 100
_RATIO = "pruning ratio of this unit alone"
_MEASURED = (_RATIO, "probe accuracy")
_ESTIMATED = (f"{_RATIO} · 100 % change: a typical lead", "score change")
_SPARE = 1.04  # so that a point at the top is seen whole


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


def estimate_data(curve: GradientCurve | None) -> dict[str, list[object]]:
    """Columns ``ratio`` and ``change``, from ratio 0; empty without an estimate."""
    if curve is None:
        return {"ratio": [], "change": []}
    return {"ratio": [0.0, *curve.ratios], "change": [0.0, *curve.changes]}


class SensitivityChart:
    """How accuracy falls as the selected unit alone is pruned, and where its slider stands.

    Args:
        dark: Whether the page is dark.
    """

    height = 170

    def __init__(self, dark: bool = False) -> None:
        self._drawn: tuple[Sequence[Point], float] = ((), 1.0)
        self.source = ColumnDataSource(points_data([]))
        self.curve = ColumnDataSource(curve_data([], 1.0))
        self.estimated = ColumnDataSource(estimate_data(None))
        hover = HoverTool(
            tooltips=[
                ("ratio", "@ratio{0 %}"),
                ("accuracy", "@accuracy{0.0 %}"),
                ("", "@source"),
            ],
            visible=False,
        )
        hover_estimate = HoverTool(
            tooltips=[
                ("ratio", "@ratio{0 %}"),
                ("class scores change by", "@change{0 %} of a typical lead of the right class"),
                ("", "estimate (gradients)"),
            ],
            visible=False,
        )
        self.root = new_figure(
            height=self.height,
            x_label=_MEASURED[0],
            y_label=_MEASURED[1],
            file_name="sensitivity",
            tools=[hover, hover_estimate],
            x_range=Range1d(start=0, end=1),
            y_range=Range1d(start=0, end=_SPARE),
        )
        for axis in (*self.root.xaxis, *self.root.yaxis):
            axis.formatter = NumeralTickFormatter(format="0 %")
        self._line = self.root.line("ratio", "accuracy", line_width=2, source=self.curve)
        self._dots = self.root.scatter("ratio", "accuracy", size=6, source=self.source)
        hover.renderers = [self._dots]
        self._dashes = self.root.line(
            "ratio", "change", line_width=1.5, line_dash=[6, 4], source=self.estimated
        )
        self._rings = self.root.scatter(
            "ratio", "change", size=6, fill_alpha=0, source=self.estimated
        )
        hover_estimate.renderers = [self._rings]
        self._now = Span(
            dimension="height", line_dash=[4, 3], line_width=1.5, visible=False, level=OVER
        )
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
        self._show_points(points, baseline)
        self._show_estimate(None)
        self._now.update(location=ratio, visible=ratio > 0)

    def estimate(self, curve: GradientCurve, largest: float, ratio: float) -> None:
        """Show what gradients say of a unit of which nothing is measured.

        Args:
            curve: The estimate.
            largest: The largest change of any unit; all are drawn on one scale.
            ratio: Where its slider stands.
        """
        set_title(self.root, f"Sensitivity of {shorten(curve.unit)}: estimate (gradients)")
        self._show_points((), 1.0)
        self._show_estimate(curve, max(largest, 1e-9))
        self._now.update(location=ratio, visible=ratio > 0)

    def clear(self, note: str = "") -> None:
        """Show nothing; `note` says why."""
        set_title(self.root, f"Sensitivity: {note}" if note else "Sensitivity")
        self._show_points((), 1.0)
        self._show_estimate(None)
        self._now.update(visible=False)

    def _show_points(self, points: Sequence[Point], baseline: float) -> None:
        if (points, baseline) == self._drawn:  # a slider moves far more often than a figure comes
            return
        self._drawn = (points, baseline)
        assign(self.source, points_data(points))
        assign(self.curve, curve_data(points, baseline))

    def _show_estimate(self, curve: GradientCurve | None, largest: float = 1.0) -> None:
        assign(self.estimated, estimate_data(curve))
        self.root.y_range.update(end=_SPARE * largest)
        labels = _MEASURED if curve is None else _ESTIMATED
        for axis, label in zip((self.root.xaxis[0], self.root.yaxis[0]), labels, strict=True):
            axis.update(axis_label=label)

    def followers(self, ratios: Sequence[float]) -> Following:
        """What follows the unit's slider, whose places are at these ratios."""
        if not self._drawn[0] and not self.estimated.data["ratio"]:
            return ()
        seen = [ratio > 0 for ratio in ratios]
        return Follower(self._now, "location", ratios), Follower(self._now, "visible", seen)

    def set_dark(self, dark: bool) -> None:
        """Recolour for a dark or a light page."""
        colours = palette(dark)
        apply_theme(self.root, dark)
        self._line.glyph.update(line_color=colours.kept, line_alpha=0.6)
        self._dots.glyph.update(fill_color=colours.kept, line_color=colours.kept)
        self._dashes.glyph.update(line_color=colours.kept, line_alpha=0.7)
        self._rings.glyph.update(line_color=colours.kept)
        self._now.line_color = colours.cut
