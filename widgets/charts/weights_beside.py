"""The weights of one layer in two steps: one filled, the other drawn over it as an outline."""

from collections.abc import Sequence
from itertools import pairwise

from bokeh.models import ColumnDataSource, DataRange1d, HoverTool

from widgets.charts.base import assign, new_figure, set_title, shorten, style_legend
from widgets.theme import apply_theme, palette


def bins_data(
    edges: Sequence[float], first: Sequence[int], second: Sequence[int]
) -> dict[str, list[object]]:
    """One row per bin: columns ``left``, ``right``, ``middle``, ``first``, ``second``, ``range``.

    Raises:
        ValueError: If there is not one edge more than there are counts of each.
    """
    if edges and not len(edges) - 1 == len(first) == len(second):
        raise ValueError(
            f"{len(edges)} edges need {len(edges) - 1} counts of each step, got {len(first)} and "
            f"{len(second)}"
        )
    pairs = list(pairwise(edges))
    return {
        "left": [left for left, _ in pairs],
        "right": [right for _, right in pairs],
        "middle": [(left + right) / 2 for left, right in pairs],
        "first": list(first),
        "second": list(second),
        "range": [f"{left:.3g} to {right:.3g}" for left, right in pairs],
    }


class WeightsBesideChart:
    """Two histograms over the same bins.

    Args:
        dark: Whether the page is dark.
    """

    height = 200

    def __init__(self, dark: bool = False) -> None:
        self.source = ColumnDataSource(bins_data([], [], []))
        counts = DataRange1d(start=0)
        self.root = new_figure(
            height=self.height,
            x_label="weight",
            y_label="weights per bin",
            file_name="weights-compared",
            y_range=counts,
        )
        self._first = self.root.quad(
            left="left",
            right="right",
            bottom=0,
            top="first",
            line_color=None,
            fill_alpha=0.45,
            legend_label="A",
            source=self.source,
        )
        self._second = self.root.step(
            "middle", "second", mode="center", line_width=2, legend_label="B", source=self.source
        )
        hover = HoverTool(
            renderers=[self._first],
            tooltips=[("weights", "@range"), ("A", "@first{0,0}"), ("B", "@second{0,0}")],
            mode="vline",
            visible=False,
        )
        self.root.add_tools(hover)
        style_legend(self.root)
        self.clear()
        self.set_dark(dark)

    def update(
        self, title: str, edges: Sequence[float], first: Sequence[int], second: Sequence[int]
    ) -> None:
        """Show a layer.

        Args:
            title: Its name.
            edges: Of the bins, ascending, one more than counts.
            first, second: Remaining weights per bin in the two steps.
        """
        set_title(self.root, f"Weights of {shorten(title)}" if title else "Weights")
        assign(self.source, bins_data(edges, first, second))

    def clear(self) -> None:
        """Show that there is nothing to compare."""
        self.update("", [], [], [])

    def set_dark(self, dark: bool) -> None:
        """Recolour for a dark or a light page."""
        colours = palette(dark)
        apply_theme(self.root, dark)
        self._first.glyph.update(fill_color=colours.soft)
        self._second.glyph.update(line_color=colours.kept)
