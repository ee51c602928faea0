"""The score board: every metric of the dense model, now, and as planned, against its target."""

from collections.abc import Callable, Sequence
from typing import Literal, TypedDict

import anywidget
import traitlets

from widgets.front_end import module_source, style_source
from widgets.intents import Intent, board_intent


class ScoreRow(TypedDict):
    """One metric. Values are shown as they are: "91.7 %", "" for none, "…" for being measured."""

    metric: str
    label: str
    better: Literal["higher", "lower"]
    unit: str  # of the target: "%", "MB", "ms" or ""
    dense: str
    now: str
    planned: str
    planned_kind: Literal["predicted", "measured", "exact", ""]
    target: float | None  # in `unit`
    met: bool | None  # None: no target, or nothing to compare it with
    hint: str  # what the metric means, in words
    more: bool  # folded away until more is asked for


class ScoreBoard(anywidget.AnyWidget):
    """A row per metric; predictions are drawn unlike measurements.

    The browser sends one intent and never writes the trait back:
    ``{"type": "target", "metric": metric, "value": float | None}``, the value in the row's unit.

    Args:
        on_intent: Called with every intent that checks out, on the thread comms arrive on.
        rows: The metrics, from top to bottom.
    """

    _esm = module_source("score_board.js")
    _css = style_source("score_board.css")

    rows = traitlets.List(
        traitlets.Dict(), help="Metrics from top to bottom; each a ScoreRow."
    ).tag(sync=True)

    def __init__(self, on_intent: Callable[[Intent], None], rows: Sequence[ScoreRow] = ()) -> None:
        super().__init__(rows=[dict(row) for row in rows])
        self._on_intent = on_intent
        self.on_msg(self._receive)

    def update(self, rows: Sequence[ScoreRow]) -> None:
        """Show new values; nothing is sent if nothing changed."""
        self.rows = [dict(row) for row in rows]

    def _receive(self, _widget: object, content: object, _buffers: object) -> None:
        intent = board_intent(content, {row["metric"] for row in self.rows})
        if intent is not None:
            self._on_intent(intent)
