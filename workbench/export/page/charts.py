"""The shapes of a report's charts, as plain numbers for its template to draw."""

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.export.page import words
from workbench.export.report import Exported
from workbench.export.story import Chapter
from workbench.selection import UnitResult

MOST_UNITS = 80


@dataclass(frozen=True)
class Bar:
    """One horizontal bar.

    Attributes:
        label: What it is.
        share: Its length, in [0, 1].
        text: The figure.
        detail: What else to say of it, in few words.
        hint: What to say when somebody points at it.
    """

    label: str
    share: float
    text: str
    detail: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Point:
    """One point of a line, both coordinates in [0, 1], y downwards."""

    x: float
    y: float
    label: str
    text: str


def size_bars(dense_bytes: int, exported: Sequence[Exported]) -> list[Bar]:
    """Sizes of files, beside the dense model's weights."""
    longest = max(dense_bytes, *(one.size_bytes for one in exported))
    bars = [Bar("dense weights", dense_bytes / longest, words.size(dense_bytes))]
    for one in exported:
        detail = words.share(one.size_bytes, dense_bytes)
        share = one.size_bytes / longest
        bars.append(Bar(one.title, share, words.size(one.size_bytes), detail))
    return bars


def unit_bars(units: Sequence[UnitResult]) -> list[Bar]:
    """What is left of every unit."""
    return [
        Bar(unit.unit, unit.kept / unit.size, f"{unit.kept} of {unit.size}", hint=unit.reason)
        for unit in units[:MOST_UNITS]
    ]


def accuracy_line(chapters: Sequence[Chapter]) -> list[Point]:
    """Accuracy over the steps; those without a figure are left out."""
    known = [(i, c, c.metrics.accuracy) for i, c in enumerate(chapters)]
    found = [(i, c, accuracy) for i, c, accuracy in known if accuracy is not None]
    if len(found) < 2:
        return []
    low, high = min(a for *_, a in found), max(a for *_, a in found)
    spread = max(high - low, 0.01)  # a point fills the chart at least
    last = max(1, len(chapters) - 1)
    return [
        Point(i / last, 1 - (a - low) / spread, f"{i + 1}", words.percent(a)) for i, _, a in found
    ]
