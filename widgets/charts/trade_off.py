"""Predicted accuracy against what is kept, along the trade-offs of all allocators."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from bokeh.models import ColumnDataSource, HoverTool, NumeralTickFormatter, Range1d
from bokeh.models.annotations import Legend
from bokeh.models.renderers import DataRenderer

from widgets.charts.base import assign, new_figure, set_title, style_legend
from widgets.theme import apply_theme, palette
from workbench.allocation import ALLOCATORS
from workbench.allocation.suggestion import TradeOffPoint

_MARKERS = {
    "dense model": "square",
    "model now": "triangle",
    "plan": "circle",
    "on curve": "diamond",
}


class Mark(TypedDict):
    """One network to show beside the curves."""

    what: str  # one of "dense model", "model now", "plan", "on curve"
    share: float  # of the dense model's cost, in [0, 1]
    accuracy: float | None  # on the probe set, in [0, 1]; None if unknown
    measured: bool  # predictions are drawn hollow
    bar: tuple[float, float] | None  # ends of the error bar of a prediction


def curve_data(points: Sequence[TradeOffPoint], metric: str) -> dict[str, list[object]]:
    """Columns ``share`` and ``accuracy`` of the points whose accuracy is predicted."""
    known = [point for point in points if point.accuracy is not None]
    return {
        "share": [point.shares[metric] for point in known],
        "accuracy": [point.accuracy for point in known],
    }


def band_data(points: Sequence[TradeOffPoint], metric: str) -> dict[str, list[object]]:
    """Columns ``share``, ``low`` and ``high`` of the points that have an error bar."""
    known = [(point, point.bar) for point in points if point.bar is not None]
    return {
        "share": [point.shares[metric] for point, _ in known],
        "low": [bar.low for _, bar in known],
        "high": [bar.high for _, bar in known],
    }


def marks_data(marks: Sequence[Mark]) -> dict[str, list[object]]:
    """Columns ``what``, ``share``, ``accuracy``, ``marker``, ``fill`` (0 is hollow), ``source``.

    And ``low`` and ``high``, the ends of error bars; a mark without one has its accuracy in both.
    """
    known = [mark for mark in marks if mark["accuracy"] is not None]
    ends = [mark["bar"] or (mark["accuracy"], mark["accuracy"]) for mark in known]
    return {
        "what": [mark["what"] for mark in known],
        "share": [mark["share"] for mark in known],
        "accuracy": [mark["accuracy"] for mark in known],
        "marker": [_MARKERS[mark["what"]] for mark in known],
        "fill": [float(mark["measured"]) for mark in known],
        "source": ["measured" if mark["measured"] else "predicted" for mark in known],
        "low": [low for low, _ in ends],
        "high": [high for _, high in ends],
    }


class TradeOffChart:
    """The curves of all allocators, the chosen one thick; and where model and plan lie.

    Args:
        dark: Whether the page is dark.
    """

    height = 290

    def __init__(self, dark: bool = False) -> None:
        self._drawn: tuple[Mapping[str, Sequence[TradeOffPoint]], str, str] = ({}, "", "")
        self.curves = {name: ColumnDataSource(curve_data([], "")) for name in ALLOCATORS}
        self.band = ColumnDataSource(band_data([], ""))
        self.marks = ColumnDataSource(marks_data([]))
        self.root = new_figure(
            height=self.height,
            x_label="kept",
            y_label="probe accuracy",
            file_name="trade-off",
            x_range=Range1d(start=1.03, end=0),
            y_range=Range1d(start=0, end=1.06),
        )
        for axis in (*self.root.xaxis, *self.root.yaxis):
            axis.formatter = NumeralTickFormatter(format="0 %")
        self._band = self.root.varea("share", "low", "high", source=self.band, fill_alpha=0.15)
        self._bars = self.root.segment("share", "low", "share", "high", source=self.marks)
        self._lines = {
            name: self.root.line(
                "share", "accuracy", source=source, legend_label=ALLOCATORS[name].title
            )
            for name, source in self.curves.items()
        }
        self._marks = self.root.scatter(
            "share",
            "accuracy",
            marker="marker",
            size=11,
            line_width=1.5,
            fill_alpha="fill",
            legend_field="what",
            source=self.marks,
        )
        for name, line in self._lines.items():
            self.root.add_tools(_hover(line, [("", ALLOCATORS[name].title)], "predicted"))
        self.root.add_tools(_hover(self._marks, [("", "@what")], "@source"))
        style_legend(self.root)
        for legend in self.root.legend:
            legend.update(ncols=3, glyph_width=14, spacing=8)
            assert isinstance(legend, Legend)
            self.root.add_layout(legend, "above")  # the curves leave no corner free
        self.clear()
        self.set_dark(dark)

    def update(
        self,
        curves: Mapping[str, Sequence[TradeOffPoint]],
        metric: str,
        metric_title: str,
        chosen: str,
        marks: Sequence[Mark],
    ) -> None:
        """Show trade-offs.

        Args:
            curves: By allocator, from the largest network to the smallest.
            metric: What is to shrink.
            metric_title: What a person calls it.
            chosen: The allocator whose curve stands out.
            marks: Networks to show beside them.
        """
        self._show_legend(True)
        set_title(self.root, "Predicted accuracy")
        self.root.xaxis.axis_label = f"{metric_title} kept, of the dense model's"
        if (curves, metric, chosen) != self._drawn:  # a slider moves far more often than a curve
            self._drawn = (curves, metric, chosen)
            for name, source in self.curves.items():
                assign(source, curve_data(curves.get(name, ()), metric))
            assign(self.band, band_data(curves.get(chosen, ()), metric))
            self._colour_band()
        for name, line in self._lines.items():
            line.glyph.update(
                line_width=3 if name == chosen else 1.5, line_alpha=1 if name == chosen else 0.7
            )
        assign(self.marks, marks_data(marks))

    def clear(self, note: str = "") -> None:
        """Show nothing; `note` says why."""
        self._drawn = ({}, "", "")
        self._show_legend(False)
        set_title(self.root, f"Trade-off: {note}" if note else "Trade-off")
        for source in self.curves.values():
            assign(source, curve_data([], ""))
        assign(self.band, band_data([], ""))
        assign(self.marks, marks_data([]))

    def _show_legend(self, visible: bool) -> None:
        for legend in self.root.legend:
            legend.update(visible=visible)

    def set_dark(self, dark: bool) -> None:
        """Recolour for a dark or a light page."""
        colours = palette(dark)
        apply_theme(self.root, dark)
        for line, colour in zip(self._lines.values(), colours.rules, strict=False):
            line.glyph.update(line_color=colour)
        self._marks.glyph.update(line_color=colours.ink, fill_color=colours.ink)
        self._bars.glyph.update(line_color=colours.ink)
        self._colour_band()

    def _colour_band(self) -> None:
        """The error bars of the chosen curve have its colour."""
        chosen = self._lines.get(self._drawn[2])
        if chosen is not None:
            self._band.glyph.update(fill_color=chosen.glyph.line_color)


def _hover(renderer: DataRenderer, first: list[tuple[str, str]], source: str) -> HoverTool:
    rows = [*first, ("kept", "@share{0.0 %}"), ("accuracy", "@accuracy{0.0 %}"), ("", source)]
    return HoverTool(renderers=[renderer], tooltips=rows, visible=False)
