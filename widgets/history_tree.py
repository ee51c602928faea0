"""All steps of a history as a tree with a row for each: one anywidget."""

from collections.abc import Callable, Sequence

import anywidget
import traitlets

from widgets.front_end import module_source, style_source
from widgets.history_rows import HEADINGS, HistoryRow
from widgets.intents import Intent, history_intent
from workbench.session.step_names import LONGEST_NAME, LONGEST_REMARK


class HistoryTree(anywidget.AnyWidget):
    """Rows to go to, to name and to compare.

    The browser never writes a trait back; it sends intents:

    - ``{"type": "go", "step": id}``
    - ``{"type": "compare", "steps": [id, ...]}``: what is chosen now, none to two
    - ``{"type": "rename", "step": id, "name": text, "remark": text}``
    - ``{"type": "csv"}``: answered by `send_csv`, which the page saves as a file

    Args:
        on_intent: Called with every intent that checks out, on the thread comms arrive on.
    """

    _esm = module_source("history_tree.js")
    _css = style_source("history_tree.css", "history_tree_row.css")

    rows = traitlets.List(traitlets.Dict(), help="From top to bottom; each a HistoryRow.").tag(
        sync=True
    )
    headings = traitlets.List(traitlets.Unicode(), list(HEADINGS), help="Of the figures.").tag(
        sync=True
    )
    current = traitlets.Int(0, help="The step the session is at.").tag(sync=True)
    chosen = traitlets.List(traitlets.Int(), help="Steps ticked to be compared.").tag(sync=True)
    pair = traitlets.List(traitlets.Int(), help="The two steps that are compared: A and B.").tag(
        sync=True
    )
    longest = traitlets.Dict(
        {"name": LONGEST_NAME, "remark": LONGEST_REMARK}, help="In characters."
    ).tag(sync=True)
    disabled_reason = traitlets.Unicode(help="Why one cannot go anywhere; '' if one can.").tag(
        sync=True
    )
    fixed_reason = traitlets.Unicode(help="Why no step can be named; '' if one can.").tag(sync=True)

    def __init__(self, on_intent: Callable[[Intent], None]) -> None:
        super().__init__()
        self._on_intent = on_intent
        self.on_msg(self._receive)

    def show(
        self,
        rows: Sequence[HistoryRow],
        current: int,
        chosen: Sequence[int],
        pair: Sequence[int],
        disabled_reason: str,
        fixed_reason: str = "",
    ) -> None:
        """Show the steps; only what changed is sent."""
        with self.hold_sync():
            self.rows = [dict(row) for row in rows]
            self.current, self.chosen, self.pair = current, list(chosen), list(pair)
            self.disabled_reason, self.fixed_reason = disabled_reason, fixed_reason

    def send_csv(self, name: str, text: str) -> None:
        """Have the page that asked save a file."""
        self.send({"type": "csv", "name": name, "text": text})

    def _receive(self, _widget: object, content: object, _buffers: object) -> None:
        intent = history_intent(content, {row["step"] for row in self.rows})
        if intent is not None:
            self._on_intent(intent)
