"""Importance of one unit's channels, from the least to the most, with the cut."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bokeh.models import ColumnDataSource, HoverTool, Range1d
from bokeh.models.annotations import Span, Title

from widgets.charts.base import OVER, assign, new_figure, set_title, shorten
from widgets.charts.cut_handle import CutHandle
from widgets.theme import FONT, apply_theme, palette

MAX_BARS = 400

_STATES = ("kept", "removed")
_SPARE = 1.05  # above the highest bar
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


def outline_data(bars: Mapping[str, Sequence[Any]]) -> dict[str, list[object]]:
    """The upper edge of all bars, in steps: columns ``rank`` and ``importance``.

    Never empty: Bokeh never ends painting a stepped area that has no point.
    """
    ranks, tops = list(bars["left"]), list(bars["importance"])
    if not ranks:
        return {"rank": [0], "importance": [0]}
    return {"rank": ranks + list(bars["right"][-1:]), "importance": tops + tops[-1:]}


def removed_data(bars: Mapping[str, Sequence[Any]]) -> dict[str, list[object]]:
    """The same of the bars that go: zero where one stays, up to the last one that goes."""
    going = [state == _STATES[True] for state in bars["state"]]
    last = max((place for place, goes in enumerate(going) if goes), default=-1) + 1
    shown = {name: list(bars[name][:last]) for name in ("left", "right")}
    tops = [top if goes else 0 for top, goes in zip(bars["importance"], going, strict=True)]
    return outline_data({**shown, "importance": tops[:last]})


def _in_words(numbers: Sequence[int]) -> str:
    shown = ", ".join(str(number) for number in numbers[:6])
    return f"{shown}, …" if len(numbers) > 6 else shown


class ImportanceChart:
    """What the criterion thinks of each channel of the selected unit, and where the plan cuts.

    Args:
        dark: Whether the page is dark.
        on_drag: Called with a rank that a person dragged the cut to; see `CutHandle`.
    """

    height = 190

    def __init__(self, dark: bool = False, on_drag: Callable[[float], None] | None = None) -> None:
        nothing = importance_data([], [])
        self.source = ColumnDataSource(nothing)
        self.outline = ColumnDataSource(outline_data(nothing))
        self.removed = ColumnDataSource(removed_data(nothing))
        hover = HoverTool(
            tooltips=[
                ("channel", "@channels"),
                ("importance", "@importance{0.[0000]}"),
                ("", "@state"),
            ],
            mode="vline",
            visible=False,
        )
        self.root = new_figure(
            height=self.height,
            x_label="",  # what is counted takes its place
            y_label="importance",
            file_name="importance",
            tools=[hover],
            x_range=Range1d(start=0, end=1),
            y_range=Range1d(start=0, end=1),
        )
        self._kept, self._removed = (
            self.root.varea_step("rank", 0, "importance", step_mode="after", source=source)
            for source in (self.outline, self.removed)
        )
        # What follows a slider is drawn over what does not, which then stays as it is.
        self._removed.level = OVER
        self._hovered = self.root.quad(
            left="left",
            right="right",
            bottom=0,
            top="importance",
            fill_alpha=0,
            line_alpha=0,
            level=OVER,
            source=self.source,
        )
        hover.renderers = [self._hovered]
        self.handle = CutHandle(self.root, on_drag)
        self._cut = Span(
            dimension="height", line_dash=[4, 3], line_width=1.5, visible=False, level=OVER
        )
        self._counted = Title(
            align="center",
            text_font_size="11px",
            text_font_style="normal",
            standoff=4,
            level=OVER,
        )
        self.root.add_layout(self._cut)
        self.root.add_layout(self._counted, "below")
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
        self._counted.update(text=f"{noun}, ascending{counted}")
        self.root.yaxis.axis_label = f"importance ({criterion})" if criterion else "importance"
        self._show_bars(importance_data(importances, kept, numbers))
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

    def _show_bars(self, bars: Mapping[str, Sequence[Any]]) -> None:
        self.root.x_range.update(end=max(bars["right"], default=1))
        self.root.y_range.update(end=_SPARE * max(bars["importance"], default=0) or 1)
        assign(self.outline, outline_data(bars))
        assign(self.removed, removed_data(bars))
        assign(self.source, bars)

    def set_dark(self, dark: bool) -> None:
        """Recolour for a dark or a light page."""
        colours = palette(dark)
        apply_theme(self.root, dark)
        self._kept.glyph.update(fill_color=colours.kept)
        self._removed.glyph.update(fill_color=colours.removed)
        self._counted.update(text_color=colours.soft, text_font=FONT)
        self._cut.line_color = colours.cut
        self.handle.set_dark(dark)
