"""The score board: every metric of the dense model, now, and as planned, against its target."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypedDict

import anywidget
import traitlets

from widgets.front_end import module_source, style_source
from widgets.intents import Intent, board_intent


class Planned(TypedDict):
    """What a row says of a plan."""

    planned: str
    planned_kind: Literal["predicted", "measured", "exact", ""]
    met: bool | None  # None: no target, or nothing to compare it with


class ScoreRow(Planned):
    """One metric. Values are shown as they are: "91.7 %", "" for none, "…" for being measured."""

    metric: str
    label: str
    better: Literal["higher", "lower"]
    unit: str  # of the target: "%", "MB", "ms" or ""
    dense: str
    now: str
    target: float | None  # in `unit`
    hint: str  # what the metric means, in words
    more: bool  # folded away until more is asked for


class ScoreBoard(anywidget.AnyWidget):
    """A row per metric; predictions are drawn unlike measurements.

    While a hand holds the slider that `outlook` is about, the page takes what is planned from
    there, until the rows are about the place where the hand is.

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

    about = traitlets.Dict(help="Unit and ratio that `rows` were drawn for; or empty.").tag(
        sync=True
    )
    outlook = traitlets.Dict(
        help="`hand`, `unit`, `kept` by place, and `planned` by how many are kept; or empty."
    ).tag(sync=True)

    def __init__(self, on_intent: Callable[[Intent], None], rows: Sequence[ScoreRow] = ()) -> None:
        super().__init__(rows=[dict(row) for row in rows])
        self._on_intent = on_intent
        self.on_msg(self._receive)

    def update(self, rows: Sequence[ScoreRow], unit: str = "", ratio: float = 0.0) -> None:
        """Show new values, drawn for a ratio of a unit; nothing is sent if nothing changed."""
        with self.hold_sync():
            self.rows = [dict(row) for row in rows]
            self.about = {"unit": unit, "ratio": ratio} if unit else {}

    def foresee(
        self,
        hand: str,
        unit: str,
        kept: Sequence[int],
        planned: Mapping[int, Mapping[str, Planned]],
    ) -> None:
        """Tell the page what to show while a hand moves a unit's slider.

        Args:
            hand: Of the table that the slider is in.
            unit: Its name.
            kept: By place of the slider, how many channels stay.
            planned: By how many stay, what each metric's row says.
        """
        cells = {str(count): dict(by_metric) for count, by_metric in planned.items()}
        self.outlook = {"hand": hand, "unit": unit, "kept": list(kept), "planned": cells}

    def foresee_nothing(self) -> None:
        """Have the page wait for the kernel."""
        self.outlook = {}

    def _receive(self, _widget: object, content: object, _buffers: object) -> None:
        intent = board_intent(content, {row["metric"] for row in self.rows})
        if intent is not None:
            self._on_intent(intent)
