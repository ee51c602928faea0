"""The master slider: all unlocked layers at once, along a trade-off."""

from collections.abc import Callable, Sequence

import anywidget
import traitlets

from widgets.front_end import module_source, style_source
from widgets.intents import Intent, master_intent


class MasterSlider(anywidget.AnyWidget):
    """A slider whose positions are the points of a trade-off.

    The browser never writes a trait; it sends intents while the slider is dragged, at most about
    30 a second, and one when it is let go:
    ``{"type": "move" | "release", "position": int, "version": int, "stamp": int}``. What is then
    shown carries the `stamp` of the last move that was carried out, so that a page can tell an
    answer to its last move from those to earlier ones.

    Args:
        on_intent: Called with every intent that checks out, on the thread comms arrive on.
    """

    _esm = module_source("master_slider.js")
    _css = style_source("master_slider.css")

    labels = traitlets.List(
        traitlets.Unicode(), help="By position, what it leads to, in words."
    ).tag(sync=True)
    ends = traitlets.List(
        traitlets.Unicode(), ["", ""], help="What the two ends are, in words."
    ).tag(sync=True)
    version = traitlets.Int(0, help="Which trade-off the positions belong to.").tag(sync=True)
    position = traitlets.Int(0, help="Where the plan lies, or what is closest to it.").tag(
        sync=True
    )
    note = traitlets.Unicode(help="How the plan differs from that position, in words.").tag(
        sync=True
    )
    stamp = traitlets.Int(0, help="Number of the last move that was carried out.").tag(sync=True)
    disabled_reason = traitlets.Unicode(help="Why it does not move; '' if it does.").tag(sync=True)

    def __init__(self, on_intent: Callable[[Intent], None]) -> None:
        super().__init__()
        self._on_intent = on_intent
        self.on_msg(self._receive)

    def load(self, labels: Sequence[str], ends: tuple[str, str]) -> None:
        """Offer another trade-off; moves along the last one are ignored from now on."""
        with self.hold_sync():
            self.labels, self.ends = list(labels), list(ends)
            self.version += 1
            self.position = 0

    def show(self, position: int, note: str, stamp: int) -> None:
        """Say where the plan lies; nothing is sent if that is known."""
        with self.hold_sync():
            self.position, self.note, self.stamp = position, note, stamp

    def _receive(self, _widget: object, content: object, _buffers: object) -> None:
        intent = master_intent(content, len(self.labels))
        if intent is not None and intent["version"] == self.version:
            self._on_intent(intent)
