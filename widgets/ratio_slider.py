"""A slider with its number, for one pruning ratio."""

from collections.abc import Callable

import anywidget
import traitlets

from widgets.front_end import module_source, style_source
from widgets.intents import Intent, ratio_intent


class RatioSlider(anywidget.AnyWidget):
    """A pruning ratio that a hand moves, and that is shown as it is.

    The browser never writes a trait: sliders of ipywidgets round what they show to their own
    steps, and send that back as if a hand had moved them. It sends intents while the slider is
    dragged, at most about 30 a second, and one when it is let go or a number is entered:
    ``{"type": "move" | "release", "ratio": float, "stamp": int}``. What is then shown carries the
    `stamp` of the last move that was carried out, so that a page can tell an answer to its last
    move from those to earlier ones.

    Args:
        title: What the ratio is, in words.
        on_intent: Called with every intent that checks out, on the thread comms arrive on.
    """

    _esm = module_source("ratio_slider.js")
    _css = style_source("ratio_slider.css")

    title = traitlets.Unicode(help="What the ratio is, in words.").tag(sync=True)
    ratio = traitlets.Float(0.0, help="In [0, 1).").tag(sync=True)
    stamp = traitlets.Int(0, help="Number of the last move that was carried out.").tag(sync=True)
    disabled_reason = traitlets.Unicode(help="Why it does not move; '' if it does.").tag(sync=True)

    def __init__(self, title: str, on_intent: Callable[[Intent], None]) -> None:
        super().__init__(title=title)
        self._on_intent = on_intent
        self.on_msg(self._receive)

    def show(self, ratio: float, stamp: int) -> None:
        """Say what the ratio is; nothing is sent if that is known."""
        with self.hold_sync():
            self.ratio, self.stamp = ratio, stamp

    def _receive(self, _widget: object, content: object, _buffers: object) -> None:
        intent = ratio_intent(content)
        if intent is not None:
            self._on_intent(intent)
