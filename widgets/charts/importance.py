"""Importance of one unit's channels, from the least to the most, with the cut."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from bokeh.models import ColumnDataSource, HoverTool, Range1d
from bokeh.models.annotations import Span, Title

from widgets.charts.base import OVER, Column, assign, new_figure, set_title, shorten
from widgets.charts.cut_handle import CutHandle
from widgets.charts.following import Beginning, Follower, Following
from widgets.theme import FONT, apply_theme, palette

MAX_BARS = 400

_SPARE = 1.05  # above the highest bar


@dataclass(frozen=True)
class Bars:
    """Bars in ascending order of importance, all of one length a column.

    Attributes:
        left, right: Ranks, int.
        importance: Mean of the bar, float64.
        removed: Whether most of the bar goes, bool.
        channels: Their numbers, in words.
    """

    left: np.ndarray
    right: np.ndarray
    importance: np.ndarray
    removed: np.ndarray
    channels: tuple[str, ...]

    @classmethod
    def of(
        cls,
        importances: Sequence[float],
        kept: Sequence[bool],
        numbers: Sequence[int] | None = None,
    ) -> "Bars":
        """A bar a channel; neighbours share one when there are too many.

        Args:
            importances: Score of every channel that is still there; higher = keep.
            kept: Whether the plan keeps it. Hand-picked channels may be kept out of order.
            numbers: The channels' numbers in the dense model; counted from 0 by default.

        Raises:
            ValueError: If the lengths differ.
        """
        numbers = range(len(importances)) if numbers is None else numbers
        if not len(importances) == len(kept) == len(numbers):
            raise ValueError(
                f"importances, kept and numbers must be equally long, "
                f"got {len(importances)}, {len(kept)} and {len(numbers)}"
            )
        stays, scores = np.asarray(kept, bool), np.asarray(importances, np.float64)
        order = np.lexsort((stays, scores))
        size = max(1, -(-len(order) // MAX_BARS))
        left = np.arange(0, len(order), size)
        right = np.minimum(left + size, len(order))
        going = _sums(~stays[order], left)
        return cls(
            left=left,
            right=right,
            importance=_sums(scores[order], left) / (right - left),
            removed=going * 2 > right - left,
            channels=_words(tuple(np.asarray(numbers)[order].tolist()), size),
        )

    def hovered(self) -> dict[str, Column]:
        """What is the same wherever the cut lies."""
        return {
            "left": self.left,
            "right": self.right,
            "importance": self.importance,
            "channels": list(self.channels),
        }

    def removed_of(self, going: Sequence[int]) -> list[int]:
        """How many bars are removed where so many channels go, the least important first."""
        of_bar = np.clip(np.asarray(going)[:, None] - self.left, 0, self.right - self.left)
        removed: list[int] = (of_bar * 2 > self.right - self.left).sum(axis=1).tolist()
        return removed

    def outline(self) -> dict[str, Column]:
        """The upper edge of all bars, in steps: columns ``rank`` and ``importance``."""
        return _steps(self.left, self.right, self.importance)

    def outline_removed(self) -> dict[str, Column]:
        """The same of the bars that go: zero where one stays, up to the last one that goes."""
        last = int(np.flatnonzero(self.removed)[-1]) + 1 if self.removed.any() else 0
        tops = np.where(self.removed, self.importance, 0.0)
        return _steps(self.left[:last], self.right[:last], tops[:last])


def _least_cut(count: int) -> float:
    """The edge is shown no further left, to be seen and grabbed."""
    return count / 300


def _steps(left: np.ndarray, right: np.ndarray, tops: np.ndarray) -> dict[str, Column]:
    """Never empty: Bokeh never ends painting a stepped area that has no point."""
    if not len(left):
        return {"rank": np.zeros(1, int), "importance": np.zeros(1)}
    return {"rank": np.append(left, right[-1]), "importance": np.append(tops, tops[-1])}


def _sums(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Of the values from each start up to the next one."""
    return np.add.reduceat(values.astype(np.float64), starts) if len(values) else np.zeros(0)


@functools.lru_cache(maxsize=4)  # of many channels it takes long, and seldom changes
def _words(numbers: tuple[int, ...], size: int) -> tuple[str, ...]:
    starts = range(0, len(numbers), size)
    return tuple(_in_words(numbers[start : start + size]) for start in starts)


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
        nothing = Bars.of([], [])
        self.source = ColumnDataSource(nothing.hovered())
        self.outline = ColumnDataSource(nothing.outline())
        self.removed = ColumnDataSource(nothing.outline_removed())
        hover = HoverTool(
            tooltips=[("channel", "@channels"), ("importance", "@importance{0.[0000]}")],
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
        self._bars = nothing
        self._counting = "", 0, ""  # what is counted, how many there are, what else to say
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
        self._counting = f"{noun}, ascending", len(kept), note
        set_title(self.root, f"Importance in {shorten(title)}" if title else "Importance")
        self._counted.update(text=self._counted_text(going))
        self.root.yaxis.axis_label = f"importance ({criterion})" if criterion else "importance"
        self._bars = Bars.of(importances, kept, numbers)
        self._show_bars(self._bars)
        self._cut.update(location=going, visible=going > 0)
        if draggable and kept:
            self.handle.show(going, _least_cut(len(kept)))
        else:
            self.handle.hide()

    def clear(self, note: str = "") -> None:
        """Show no importances; `note` says why, if it is not that no unit is selected."""
        self.update("", [], [])
        if note:
            set_title(self.root, f"Importance: {note}")

    def followers(self, going: Sequence[int]) -> Following:
        """What follows the unit's slider, if the least important channels go first.

        Args:
            going: By place of the slider, how many channels go.
        """
        count = self._counting[1]
        if not count:
            return ()
        edges = [max(float(number), _least_cut(count)) for number in going]
        return (
            Follower(self._cut, "location", going),
            Follower(self._cut, "visible", [number > 0 for number in going]),
            Follower(self._counted, "text", [self._counted_text(number) for number in going]),
            Follower(self.handle.area, "right", edges),
            Follower(self.handle.arrow, "x", edges),
            Beginning(self.removed, self.outline, "importance", self._bars.removed_of(going)),
        )

    def _counted_text(self, going: int) -> str:
        what, count, note = self._counting
        return f"{what} · {going} of {count} to remove{note}" if count else what

    def _show_bars(self, bars: Bars) -> None:
        self.root.x_range.update(end=int(bars.right.max(initial=0)) or 1)
        self.root.y_range.update(end=_SPARE * float(bars.importance.max(initial=0)) or 1)
        assign(self.outline, bars.outline())
        assign(self.removed, bars.outline_removed())
        assign(self.source, bars.hovered())

    def set_dark(self, dark: bool) -> None:
        """Recolour for a dark or a light page."""
        colours = palette(dark)
        apply_theme(self.root, dark)
        self._kept.glyph.update(fill_color=colours.kept)
        self._removed.glyph.update(fill_color=colours.removed)
        self._counted.update(text_color=colours.soft, text_font=FONT)
        self._cut.line_color = colours.cut
        self.handle.set_dark(dark)
