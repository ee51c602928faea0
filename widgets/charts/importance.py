"""Importance of one unit's channels, from the least to the most, with the cut."""

from collections.abc import Callable, Sequence

from bokeh.models import ColumnDataSource, DataRange1d, HoverTool
from bokeh.models.annotations import Span
from bokeh.transform import factor_cmap

from widgets.charts.base import assign, new_figure, set_title, shorten, style_legend
from widgets.charts.cut_handle import CutHandle
from widgets.theme import apply_theme, palette

MAX_BARS = 400

_STATES = ("kept", "removed")
_COLUMNS = ("left", "right", "importance", "state", "channels")


def importance_data(
    importances: Sequence[float], kept: Sequence[bool], numbers: Sequence[int] | None = None
) -> dict[str, list[object]]:
    """Bars in ascending order of importance; neighbours share a bar when there are too many.

    Args:
        importances: Score of every channel that is still there; higher = keep.
        kept: Whether the plan keeps it. Hand-picked channels may be kept out of order.
        numbers: The channels' numbers in the dense model; counted from 0 by default.

    Returns:
        Columns ``left``, ``right`` (rank), ``importance`` (mean of the bar), ``state`` ("kept" or
        "removed", what most of the bar is) and ``channels`` (their numbers, in words).

    Raises:
        ValueError: If the lengths differ.
    """
    numbers = range(len(importances)) if numbers is None else numbers
    if not len(importances) == len(kept) == len(numbers):
        raise ValueError(
            f"importances, kept and numbers must be equally long, "
            f"got {len(importances)}, {len(kept)} and {len(numbers)}"
        )
    order = sorted(range(len(importances)), key=lambda i: (importances[i], kept[i]))
    size = -(-len(order) // MAX_BARS)
    data: dict[str, list[object]] = {name: [] for name in _COLUMNS}
    for start in range(0, len(order), max(1, size)):
        bar = order[start : start + size]
        removed = sum(not kept[i] for i in bar) * 2 > len(bar)
        data["left"].append(start)
        data["right"].append(start + len(bar))
        data["importance"].append(sum(importances[i] for i in bar) / len(bar))
        data["state"].append(_STATES[removed])
        data["channels"].append(_in_words([numbers[i] for i in bar]))
    return data


def _in_words(numbers: Sequence[int]) -> str:
    shown = ", ".join(str(number) for number in numbers[:6])
    return f"{shown}, …" if len(numbers) > 6 else shown


class ImportanceChart:
    """What the criterion thinks of each channel of the selected unit, and where the plan cuts.

    Args:
        dark: Whether the page is dark.
        on_drag: Called with a rank that a person dragged the cut to; see `CutHandle`.
    """

    def __init__(self, dark: bool = False, on_drag: Callable[[float], None] | None = None) -> None:
        self.source = ColumnDataSource(importance_data([], []))
        hover = HoverTool(
            tooltips=[
                ("channel", "@channels"),
                ("importance", "@importance{0.[0000]}"),
                ("", "@state"),
            ],
            mode="vline",
            visible=False,
        )
        ranges = DataRange1d(range_padding=0), DataRange1d(start=0)
        self.root = new_figure(
            height=190,
            x_label="channels, ascending",
            y_label="importance",
            file_name="importance",
            tools=[hover],
            x_range=ranges[0],
            y_range=ranges[1],
        )
        self._bars = self.root.quad(
            left="left",
            right="right",
            bottom=0,
            top="importance",
            line_width=0.5,
            legend_field="state",
            source=self.source,
        )
        hover.renderers = [self._bars]
        for axis_range in ranges:
            axis_range.renderers = [self._bars]  # and not what is dragged about
        self.handle = CutHandle(self.root, on_drag)
        self._cut = Span(dimension="height", line_dash=[4, 3], line_width=1.5, visible=False)
        self.root.add_layout(self._cut)
        style_legend(self.root)
        self.clear()
        self.set_dark(dark)

    def update(
        self,
        title: str,
        importances: Sequence[float],
        kept: Sequence[bool],
        *,
        numbers: Sequence[int] | None = None,
        already_removed: int = 0,
        criterion: str = "",
        noun: str = "channels",
        draggable: bool = False,
    ) -> None:
        """Show a unit's importances.

        Args:
            title: The unit's name.
            importances: Score of every channel that is still there; higher = keep.
            kept: Whether the plan keeps it.
            numbers: The channels' numbers in the dense model; counted from 0 by default.
            already_removed: Channels that earlier steps removed: they have no bar.
            criterion: Name of the rule that gave the scores.
            noun: What has an importance, in the plural.
            draggable: Whether the cut can be set by hand.
        """
        going = sum(not keep for keep in kept)
        note = f" · {already_removed} already gone" if already_removed else ""
        counted = f" · {going} of {len(kept)} to remove{note}" if kept else ""
        set_title(self.root, f"Importance in {shorten(title)}" if title else "Importance")
        self.root.xaxis.axis_label = f"{noun}, ascending{counted}"
        self.root.yaxis.axis_label = f"importance ({criterion})" if criterion else "importance"
        assign(self.source, importance_data(importances, kept, numbers))
        self._cut.update(location=going, visible=going > 0)
        if draggable and kept:
            self.handle.show(going, len(kept) / 300)
        else:
            self.handle.hide()

    def clear(self, note: str = "") -> None:
        """Show no importances; `note` says why, if it is not that no unit is selected."""
        self.update("", [], [])
        if note:
            set_title(self.root, f"Importance: {note}")

    def set_dark(self, dark: bool) -> None:
        """Recolour for a dark or a light page."""
        colours = palette(dark)
        apply_theme(self.root, dark)
        fill = factor_cmap("state", [colours.kept, colours.removed], _STATES)
        self._bars.glyph.update(fill_color=fill, line_color=fill)
        self._cut.line_color = colours.cut
        self.handle.set_dark(dark)
