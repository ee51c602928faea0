"""What all charts have in common: their protocol, and the figure they start from."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

import numpy as np
from bokeh.core.enums import RenderLevelType
from bokeh.models import ColumnDataSource, Node, SaveTool, Tool
from bokeh.models.annotations import Title
from bokeh.models.ui import UIElement
from bokeh.plotting import figure

MISSING = float("nan")

Column = Sequence[Any] | np.ndarray
"""Of a chart's data; many numbers travel as an array, which takes a tenth of the time of a list."""

OVER: RenderLevelType = "overlay"
"""The level of what moves with a slider: Bokeh redraws it without axes, grids, labels and bars."""

# The toolbar is HTML: it sees the page's variables, but an inner one paints itself white.
_BUTTONS: dict[str, str | Node] = {"--bokeh-icon-color": "var(--jp-ui-font-color2, #6b6b6b)"}
_TOOLBAR_STYLE = ":host(.bk-inner) { background: none; opacity: 1; }"


class Chart(Protocol):
    """A Bokeh component: show `root`, call the class's own `update` with plain data."""

    height: int
    """In px."""

    @property
    def root(self) -> UIElement:
        """The model to show."""

    def set_dark(self, dark: bool) -> None:
        """Recolour for a dark or a light page."""


def new_figure(
    *,
    height: int,
    x_label: str,
    y_label: str,
    file_name: str,
    tools: Sequence[Tool] = (),
    **settings: Any,
) -> figure:
    """A figure as wide as its place, whose only button, seen on hover, saves it as PNG.

    Args:
        height: In px.
        x_label: Axis label, with the unit.
        y_label: Axis label, with the unit.
        file_name: Of the saved picture, without the ending.
        tools: Hover tools and the like.
        **settings: Passed on to `bokeh.plotting.figure`.
    """
    plot = figure(
        height=height,
        sizing_mode="stretch_width",
        min_width=120,
        title=Title(text="", text_font_size="12px", text_font_style="bold", standoff=6),
        tools=[SaveTool(filename=file_name), *tools],
        toolbar_location="right",
        toolbar_inner=True,
        css_variables=_BUTTONS,
        **settings,
    )
    plot.toolbar.update(autohide=True, logo=None, stylesheets=[_TOOLBAR_STYLE])
    plot.min_border = 4
    for axis, label in ((plot.xaxis, x_label), (plot.yaxis, y_label)):
        axis.update(
            axis_label=label,
            axis_label_text_font_size="11px",
            axis_label_text_font_style="normal",
            axis_label_standoff=4,
            major_label_text_font_size="10px",
            major_tick_in=0,
            major_tick_out=4,
        )
    plot.xgrid.visible = False
    return plot


def style_legend(plot: figure) -> None:
    """Keep a figure's legend small and out of the way."""
    for legend in plot.legend:
        legend.update(
            location="top_left",  # the save button shows up on the right
            orientation="horizontal",
            label_text_font_size="10px",
            glyph_width=10,
            glyph_height=10,
            label_standoff=4,
            spacing=10,
            padding=2,
            margin=0,
        )


def shorten(name: str, length: int = 36) -> str:
    """The end of a long name, which is the part that tells neighbours apart."""
    if len(name) <= length:
        return name
    end = name[1 - length :]
    whole = end.partition(".")[2]
    return f"…{whole or end}"


def set_title(plot: figure, text: str) -> None:
    """Change a figure's title; Bokeh sends nothing if it is the same."""
    cast(Title, plot.title).update(text=text)


def assign(source: ColumnDataSource, data: Mapping[str, Column]) -> None:
    """Replace a source's columns at once, unless nothing changed."""
    now = source.data
    if now.keys() != data.keys() or not all(_same(now[name], data[name]) for name in data):
        source.data = data


def _same(column: Column, other: Column) -> bool:
    if isinstance(column, np.ndarray) or isinstance(other, np.ndarray):
        floats = np.asarray(column).dtype.kind == "f"
        return np.array_equal(column, other, equal_nan=floats)
    return column == other
