"""Accuracy of every step against what it costs; the steps that no other one beats are joined."""

from collections.abc import Callable, Sequence

from bokeh.models import BoxZoomTool, ColumnDataSource, DataRange1d, HoverTool, ResetTool, TapTool
from bokeh.models.annotations import Legend
from bokeh.transform import factor_cmap

from widgets.charts.base import assign, new_figure, set_title, style_legend
from widgets.charts.pareto_data import (
    LINES,
    WHATS,
    CostAxis,
    StepPoint,
    lines_data,
    points_data,
    scale_of,
)
from widgets.theme import apply_theme, palette

_POINT_PX = 11

_NO_AXIS: CostAxis = {"title": "", "unit": "", "per_unit": 1, "target": None}


class ParetoChart:
    """Every step as a point; a click on one asks to go there.

    Args:
        dark: Whether the page is dark.
        on_choose: Called with a step's id when its point is clicked, on the thread comms arrive
            on. The click stays in the source's selection until `forget_choice`.
    """

    height = 250

    def __init__(
        self, dark: bool = False, on_choose: Callable[[int], None] = lambda step: None
    ) -> None:
        self._on_choose = on_choose
        self.points = ColumnDataSource(points_data([]))
        self.lines = ColumnDataSource(lines_data([], _NO_AXIS))
        self.root = new_figure(
            height=self.height,
            x_label="size",
            y_label="accuracy (%)",
            file_name="pareto",
            x_range=DataRange1d(start=0, range_padding=0.1),
            y_range=DataRange1d(range_padding=0.15),
        )
        self.root.toolbar_inner = False  # it would lie on the dense model, often in the corner
        self._joined = self.root.multi_line(
            xs="xs", ys="ys", line_dash="dash", line_width=1.5, source=self.lines
        )
        self._rings = self.root.scatter(
            "cost", "height", size="ring", fill_color=None, line_width=1.5, source=self.points
        )
        self._dots = self.root.scatter(
            "cost",
            "height",
            marker="marker",
            size=_POINT_PX,
            fill_alpha="fill",
            line_alpha="fill",
            legend_field="what",
            source=self.points,
        )
        self._below = self.root.text(
            "cost",
            "height",
            "below",
            x_offset=9,
            y_offset=-3,
            text_font_size="10px",
            text_baseline="bottom",
            source=self.points,
        )
        # What is clicked is answered by going there, not by fading the rest.
        self._dots.selection_glyph = self._dots.nonselection_glyph = None
        self._rings.selection_glyph = self._rings.nonselection_glyph = None
        self._below.selection_glyph = self._below.nonselection_glyph = None
        for axis_range in (self.root.x_range, self.root.y_range):
            axis_range.update(renderers=[self._dots, self._joined])
        hover = HoverTool(
            renderers=[self._dots],
            visible=False,
            tooltips=[
                ("step @id", "@title"),
                ("accuracy", "@accuracy{0.00} %"),
                ("cost", "@cost_text"),
                ("", "@rank; click to go there"),
            ],
        )
        self.root.add_tools(
            hover,
            TapTool(renderers=[self._dots], mode="replace", visible=False),
            BoxZoomTool(description="Zoom into a box"),
            ResetTool(description="Show all steps"),
        )
        style_legend(self.root)
        for legend in self.root.legend:
            assert isinstance(legend, Legend)
            self.root.add_layout(legend, "above")  # points may lie in any corner
        self.points.selected.on_change("indices", self._chosen)
        self.set_dark(dark)

    def update(
        self,
        points: Sequence[StepPoint],
        axis: CostAxis,
        path: Sequence[int] = (),
        accuracy_target: float | None = None,
    ) -> None:
        """Show the steps.

        Args:
            points: All of them.
            axis: What they cost.
            path: Ids of the steps that led to the current one, which is the last of them.
            accuracy_target: In [0, 1], if there is one.
        """
        current = path[-1] if path else -1
        unit = f" ({axis['unit']})" if axis["unit"] else ""
        self.root.xaxis.axis_label = f"{axis['title']}{unit}"
        scale = scale_of(points, accuracy_target)
        assign(self.points, points_data(points, axis["per_unit"], current, scale))
        assign(self.lines, lines_data(points, axis, path, accuracy_target, scale))
        set_title(self.root, "" if self.points.data["id"] else "Nothing is measured yet")

    def forget_choice(self) -> None:
        """Let the same point be clicked again."""
        self.points.selected.indices = []

    def set_dark(self, dark: bool) -> None:
        """Recolour for a dark or a light page."""
        colours = palette(dark)
        apply_theme(self.root, dark)
        by_kind = [colours.ink, colours.loss, colours.kept, colours.latency, colours.soft]
        fill = factor_cmap("what", by_kind, WHATS)
        self._dots.glyph.update(fill_color=fill, line_color=fill)
        self._rings.glyph.update(line_color=colours.ink)
        line = factor_cmap("what", [colours.size, colours.soft, colours.cut], LINES)
        self._joined.glyph.update(line_color=line)
        self._below.glyph.update(text_color=colours.soft)

    def _chosen(self, _name: str, _old: object, new: object) -> None:
        ids, rings = self.points.data["id"], self.points.data["ring"]
        if not isinstance(new, list):
            return
        hit = [place for place in new if isinstance(place, int) and 0 <= place < len(ids)]
        if hit:  # of several that lie on each other the newest, but the one that one is at
            others = [ids[place] for place in hit if not rings[place]]
            self._on_choose(max(others or [ids[hit[0]]]))
