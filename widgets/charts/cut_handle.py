"""The part of a chart that a plan removes, with an edge that a person can drag."""

import threading
import time
from collections.abc import Callable

from bokeh.models.annotations import BoxAnnotation, Label
from bokeh.plotting import figure

from widgets.charts.base import OVER
from widgets.theme import palette

HELD_S = 0.6
"""After a move in the page the edge is left where the hand has it for so long."""

_GRIP_PX = 20
"""Width in which the edge can be grabbed."""


class CutHandle:
    """A shaded area whose edge follows the mouse at once, whatever the kernel draws meanwhile.

    Args:
        plot: Where it is shown.
        on_drag: Called with where the edge was dragged to, on the thread that comms arrive on.
        symmetric: Whether the area has two edges, at plus and minus the cut.
    """

    def __init__(
        self,
        plot: figure,
        on_drag: Callable[[float], None] | None = None,
        *,
        symmetric: bool = False,
    ) -> None:
        self._on_drag, self._symmetric = on_drag, symmetric
        self._drawn_by = 0  # the thread that is drawing; what it sets is nobody's wish
        self._moved_s = float("-inf")
        sides = {"resizable": "x", "symmetric": True} if symmetric else {"resizable": "right"}
        # The grip is as wide as a line that is not seen.
        self.area = BoxAnnotation(
            editable=on_drag is not None,
            movable="none",
            line_width=_GRIP_PX,
            line_alpha=0,
            fill_alpha=0.10,
            hover_fill_alpha=0.22,
            visible=False,
            level=OVER,
            **sides,
        )
        self.arrow = Label(
            x=0,
            y=50,
            y_units="screen",
            text="↔",
            text_align="center",
            text_baseline="middle",
            text_font_size="15px",
            visible=False,
            level=OVER,
        )
        self.arrow.update(padding=3, border_radius=4)
        plot.add_layout(self.area)
        plot.add_layout(self.arrow)
        self.area.on_change("right", self._changed)

    def show(self, cut: float, least: float) -> None:
        """Have the edge at a cut.

        Args:
            cut: Where.
            least: It is shown no further left than this, to be seen and grabbed.
        """
        at = max(cut, least)
        self._drawn_by = threading.get_ident()
        try:
            self.arrow.update(x=at, visible=self.area.editable)
            if time.monotonic() - self._moved_s >= HELD_S:
                edges = {"left": -at, "right": at} if self._symmetric else {"right": at}
                self.area.update(visible=True, **edges)
        finally:
            self._drawn_by = 0

    def hide(self) -> None:
        """Show nothing to drag."""
        self.area.visible = self.arrow.visible = False

    def set_dark(self, dark: bool) -> None:
        """Recolour for a dark or a light page."""
        colours = palette(dark)
        self.area.update(fill_color=colours.removed, hover_fill_color=colours.removed)
        self.arrow.update(text_color=colours.ink, background_fill_color=colours.line)

    def _changed(self, _name: str, _old: object, new: object) -> None:
        if self._drawn_by == threading.get_ident() or not isinstance(new, int | float):
            return
        self._moved_s = time.monotonic()
        if self._on_drag is not None:
            self._on_drag(abs(float(new)) if self._symmetric else float(new))
