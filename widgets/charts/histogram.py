"""Histogram of one layer's weights, with the threshold below which weights go."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from bokeh.models import ColumnDataSource, DataRange1d, HoverTool
from bokeh.transform import factor_cmap

from widgets.charts.base import assign, new_figure, set_title, shorten
from widgets.charts.cut_handle import CutHandle
from widgets.theme import apply_theme, palette

_STATES = ("kept", "removed")
_COLUMNS = ("left", "right", "count", "state", "range")


def histogram_data(
    edges: Sequence[float], counts: Sequence[int], threshold: float | None
) -> dict[str, list[object]]:
    """Bars, cut in two where a threshold passes through a bin.

    Args:
        edges: Bin edges, ascending, one more than counts.
        counts: Weights per bin.
        threshold: Weights with ``|w| < threshold`` are removed; None removes none.

    Returns:
        Columns ``left``, ``right``, ``count``, ``state`` ("kept" or "removed") and ``range``
        (the whole bin, in words).

    Raises:
        ValueError: If there is not one edge more than there are counts.
    """
    if counts and len(edges) != len(counts) + 1:
        raise ValueError(
            f"a histogram of {len(counts)} counts needs {len(counts) + 1} edges, got {len(edges)}"
        )
    data: dict[str, list[object]] = {name: [] for name in _COLUMNS}
    cuts = [] if not threshold else [-threshold, threshold]
    for low, high, count in zip(edges, edges[1:], counts, strict=False):
        ends = [low, *(cut for cut in cuts if low < cut < high), high]
        for left, right in pairwise(ends):
            removed = threshold is not None and abs(left + right) / 2 < threshold
            data["left"].append(left)
            data["right"].append(right)
            data["count"].append(count)
            data["state"].append(_STATES[removed])
            data["range"].append(f"{low:.3g} to {high:.3g}")
    return data


def threshold_data(counts: Sequence[int], threshold: float | None) -> dict[str, list[object]]:
    """The two lines at plus and minus the threshold: columns ``x`` and ``top``."""
    if threshold is None or not threshold or not math.isfinite(threshold):
        return {"x": [], "top": []}
    top = max(counts, default=0)
    return {"x": [-threshold, threshold], "top": [top, top]}


class WeightHistogram:
    """Weights of the selected layer; what would be removed is drawn in another colour.

    Args:
        dark: Whether the page is dark.
        on_drag: Called with a threshold that a person dragged the lines to; see `CutHandle`.
    """

    height = 190

    def __init__(self, dark: bool = False, on_drag: Callable[[float], None] | None = None) -> None:
        self.source = ColumnDataSource(histogram_data([], [], None))
        self.lines = ColumnDataSource(threshold_data([], None))
        hover = HoverTool(
            tooltips=[("weights", "@range"), ("count", "@count{0,0}"), ("", "@state")],
            mode="vline",
            visible=False,
        )
        ranges = DataRange1d(), DataRange1d(start=0)
        self.root = new_figure(
            height=self.height,
            x_label="weight",
            y_label="weights per bin",
            file_name="weights",
            tools=[hover],
            x_range=ranges[0],
            y_range=ranges[1],
        )
        self._bars = self.root.quad(
            left="left",
            right="right",
            bottom=0,
            top="count",
            line_color=None,
            source=self.source,
        )
        hover.renderers = [self._bars]
        for axis_range in ranges:
            axis_range.renderers = [self._bars]  # and not what is dragged about
        self.handle = CutHandle(self.root, on_drag, symmetric=True)
        self._cuts = self.root.segment(
            x0="x", x1="x", y0=0, y1="top", line_dash=[4, 3], line_width=1.5, source=self.lines
        )
        self.clear()
        self.set_dark(dark)

    def update(
        self,
        title: str,
        edges: Sequence[float],
        counts: Sequence[int],
        threshold: float | None = None,
        *,
        draggable: bool = False,
    ) -> None:
        """Show a layer's weights.

        Args:
            title: The layer's name.
            edges: Bin edges, ascending, one more than counts.
            counts: Weights per bin.
            threshold: Magnitude below which weights are removed, if there is one.
            draggable: Whether a threshold can be set by hand.
        """
        set_title(self.root, f"Weights of {shorten(title)}" if title else "Weights")
        assign(self.source, histogram_data(edges, counts, threshold))
        assign(self.lines, threshold_data(counts, threshold))
        if draggable and edges:
            self.handle.show(threshold or 0.0, (edges[-1] - edges[0]) / 300)
        else:
            self.handle.hide()

    def clear(self) -> None:
        """Show that no layer is selected."""
        self.update("", [], [])

    def set_dark(self, dark: bool) -> None:
        """Recolour for a dark or a light page."""
        colours = palette(dark)
        apply_theme(self.root, dark)
        fill = factor_cmap("state", [colours.kept, colours.removed], _STATES)
        self._bars.glyph.update(fill_color=fill)
        self._cuts.glyph.update(line_color=colours.cut)
        self.handle.set_dark(dark)
