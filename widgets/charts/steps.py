"""Accuracy, size and latency of every step of the history, side by side."""

from collections.abc import Sequence
from typing import Any, TypedDict

from bokeh.layouts import row
from bokeh.models import AdaptiveTicker, ColumnDataSource, DataRange1d, HoverTool, Row
from bokeh.models.renderers import GlyphRenderer
from bokeh.plotting import figure

from widgets.charts.base import MISSING, assign, new_figure
from widgets.theme import apply_theme, palette

_COLUMNS = ("step", "label", "accuracy", "size", "latency", "low", "high", "ring")
_RING_PX = 15


class StepFigures(TypedDict):
    """What was measured of one step; None where it was not."""

    id: str
    label: str
    accuracy: float | None  # in [0, 1]
    size_bytes: float | None
    latency_ms: float | None  # median
    latency_p10_ms: float | None
    latency_p90_ms: float | None


def size_unit(steps: Sequence[StepFigures]) -> tuple[str, float]:
    """The unit that suits the largest size, and how many bytes it has."""
    largest = max((step["size_bytes"] or 0 for step in steps), default=0)
    return ("MB", 1e6) if largest >= 1e6 else ("kB", 1e3)


def steps_data(steps: Sequence[StepFigures], current: str = "") -> dict[str, list[object]]:
    """One row per step.

    Args:
        steps: In the order they were made.
        current: The id of the step the session is at.

    Returns:
        Columns ``step`` (from 0), ``label``, ``accuracy`` (%), ``size`` (in `size_unit`),
        ``latency`` with ``low`` and ``high`` (ms), and ``ring``: the size in px of the mark
        around the current step, 0 for the others. NaN where a figure is missing.
    """
    _, bytes_per_unit = size_unit(steps)
    data: dict[str, list[object]] = {name: [] for name in _COLUMNS}
    for number, step in enumerate(steps):
        latency = _or_missing(step["latency_ms"])
        data["step"].append(number)
        data["label"].append(step["label"])
        data["accuracy"].append(_or_missing(step["accuracy"], 100))
        data["size"].append(_or_missing(step["size_bytes"], 1 / bytes_per_unit))
        data["latency"].append(latency)
        data["low"].append(_or_missing(step["latency_p10_ms"]))
        data["high"].append(_or_missing(step["latency_p90_ms"]))
        data["ring"].append(_RING_PX if step["id"] == current else 0)
    return data


def _or_missing(value: float | None, factor: float = 1) -> float:
    return MISSING if value is None else value * factor


class StepsChart:
    """Three panels over one source and one axis of steps; the current step wears a ring.

    Args:
        dark: Whether the page is dark.
    """

    def __init__(self, dark: bool = False) -> None:
        self.source = ColumnDataSource(steps_data([]))
        self._marks: list[tuple[GlyphRenderer[Any], ...]] = []
        self._steps = DataRange1d(range_padding=0.4, range_padding_units="absolute")
        self.accuracy = self._panel("accuracy", "accuracy (%)", "@accuracy{0.00} %")
        self.size = self._panel("size", "size (kB)", "@size{0.[000]}")
        self.latency = self._panel("latency", "latency (ms)", "@latency{0.000} ms")
        self._spread = self.latency.segment(
            x0="step", x1="step", y0="low", y1="high", line_width=2, source=self.source
        )
        self.root: Row = row(
            self.accuracy, self.size, self.latency, sizing_mode="stretch_width", spacing=8
        )
        self.set_dark(dark)

    @property
    def panels(self) -> tuple[figure, figure, figure]:
        """Accuracy, size and latency."""
        return self.accuracy, self.size, self.latency

    def _panel(self, column: str, label: str, value: str) -> figure:
        # Sizes and latencies are compared as lengths, so they start at zero.
        values = DataRange1d(range_padding=0.15)
        if column != "accuracy":
            values.start = 0
        plot = new_figure(
            height=180,
            x_label="step",
            y_label=label,
            file_name=f"steps-{column}",
            x_range=self._steps,
            y_range=values,
        )
        plot.xaxis.ticker = AdaptiveTicker(min_interval=1, mantissas=[1, 2, 5], num_minor_ticks=0)
        line = plot.line(x="step", y=column, line_width=1.5, line_alpha=0.6, source=self.source)
        dots = plot.scatter(x="step", y=column, size=7, source=self.source)
        ring = plot.scatter(
            x="step",
            y=column,
            size="ring",
            fill_color=None,
            line_width=1.5,
            source=self.source,
        )
        tooltips = [("step", "@step: @label"), (column, value)]
        plot.add_tools(HoverTool(renderers=[dots], tooltips=tooltips, visible=False, mode="vline"))
        self._marks.append((line, dots, ring))
        return plot

    def update(self, steps: Sequence[StepFigures], current: str = "") -> None:
        """Show the history.

        Args:
            steps: In the order they were made.
            current: The id of the step the session is at.
        """
        self.size.yaxis.axis_label = f"size ({size_unit(steps)[0]})"
        assign(self.source, steps_data(steps, current))

    def set_dark(self, dark: bool) -> None:
        """Recolour for a dark or a light page."""
        colours = palette(dark)
        each = (colours.accuracy, colours.size, colours.latency)
        for plot, (line, dots, ring), colour in zip(self.panels, self._marks, each, strict=True):
            apply_theme(plot, dark)
            line.glyph.update(line_color=colour)
            dots.glyph.update(line_color=None, fill_color=colour)
            ring.glyph.update(line_color=colours.ink)
        self._spread.glyph.update(line_color=colours.latency)
