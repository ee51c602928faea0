"""Two steps beside each other: one anywidget."""

from collections.abc import Callable

import anywidget
import traitlets

from widgets.comparison_rows import Described
from widgets.front_end import module_source, style_source
from widgets.intents import Intent, comparison_intent


class ComparisonView(anywidget.AnyWidget):
    """Metrics in rows, and what both steps keep of every layer.

    The browser never writes a trait back; it sends ``{"type": "layer", "layer": name}`` when a
    layer is chosen.

    Args:
        on_intent: Called with every intent that checks out, on the thread comms arrive on.
    """

    _esm = module_source("comparison_view.js")
    _css = style_source("comparison_view.css")

    described = traitlets.Dict(help="A `comparison_rows.Described`; {} for nothing.").tag(sync=True)
    layer = traitlets.Unicode(help="The layer whose weights are shown.").tag(sync=True)

    def __init__(self, on_intent: Callable[[Intent], None]) -> None:
        super().__init__()
        self._on_intent = on_intent
        self.on_msg(self._receive)

    def show(self, described: Described | None, layer: str) -> None:
        """Show a comparison; None for nothing."""
        with self.hold_sync():
            self.described = {} if described is None else dict(described)
            self.layer = layer

    def _receive(self, _widget: object, content: object, _buffers: object) -> None:
        layers = {row["layer"] for row in self.described.get("layers", ())}
        intent = comparison_intent(content, layers)
        if intent is not None:
            self._on_intent(intent)
