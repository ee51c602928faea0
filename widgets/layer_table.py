"""The table of all layers, with a pruning slider for each: one anywidget, drawn by the browser."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

import anywidget
import traitlets

from widgets.front_end import module_source, style_source
from widgets.intents import Intent, table_intent


class LayerRow(TypedDict):
    """What does not change while one drags."""

    unit: str
    title: str  # the producing layer
    kind: str
    shape: str
    size: int  # channels or weights of the dense model
    size_label: str  # "32 channels"
    parameters_share: float  # in [0, 1]
    macs_share: float  # in [0, 1]
    latency_share: float | None  # in [0, 1]; None before it was measured
    histogram: list[int]  # about 24 bins of the weights
    layers: list[str]  # every layer of a coupled group
    prunable: bool
    reason: str  # why not prunable, in words
    pattern: str  # "2:4" where a switch takes the slider's place, else ""
    on_ratio: float  # what a switch that is on asks for, in [0, 1)


class UnitState(TypedDict, total=False):
    """What a slider shows."""

    ratio: float  # requested, in [0, 1)
    achieved: float  # already removed, in [0, 1): the shaded part, which cannot be entered
    locked: bool
    pinned: bool  # has a ratio of its own under global scope
    outcome: float | None  # what the plan would remove, in [0, 1), where a note says why
    picked: str  # channels picked by hand, in words; "" where there are none
    note: str  # why that is not `ratio`, in words; "" where it is
    cliff: list[list[float]]  # [ratio, accuracy] of pruning it alone, from ratio 0; [] if unknown


class LayerTable(anywidget.AnyWidget):
    """A row per layer or coupled group: name, shares, weights, slider and number, or switch; lock.

    The browser never writes a trait back; it sends intents. `drag` comes at most about 30 times a
    second, `release` when the hand lets go, a number is entered or a key is lifted. The page shows
    these ratios already, and so does `units`: confirming them sends nothing, and `update_units`
    with others corrects them.

    - ``{"type": "drag" | "release", "ratios": {unit: ratio}}``, ratios in [0, 1)
    - ``{"type": "lock", "unit": unit, "locked": bool}``
    - ``{"type": "unpin", "unit": unit}``: it shall follow the ratio of all units again
    - ``{"type": "select", "unit": unit}``; `selected` has changed by then

    Args:
        on_intent: Called with every intent that checks out, on the thread comms arrive on.
        rows: Rows in the model's order.
        units: State of every row that has a slider or switch.
        selected: Unit of the selected row, or "".
    """

    _esm = module_source("layer_table.js")
    _css = style_source(
        "layer_table.css",
        "layer_table_cells.css",
        "layer_table_controls.css",
        "layer_table_switch.css",
        "layer_table_cliff.css",
    )

    rows = traitlets.List(traitlets.Dict(), help="Rows in the model's order; each a LayerRow.").tag(
        sync=True
    )
    units = traitlets.Dict(help="UnitState of each unit that has a slider.").tag(sync=True)
    selected = traitlets.Unicode(help="Unit of the selected row, or ''.").tag(
        sync=True, echo_update=False
    )
    hand = traitlets.Unicode(help="What the page knows the hand on its sliders by.").tag(sync=True)
    disabled_reason = traitlets.Unicode(
        help="Why no slider moves at the moment, in words; '' when they do."
    ).tag(sync=True)

    def __init__(
        self,
        on_intent: Callable[[Intent], None],
        rows: Sequence[LayerRow] = (),
        units: Mapping[str, UnitState] | None = None,
        selected: str = "",
    ) -> None:
        super().__init__(
            rows=[dict(row) for row in rows],
            units=_copy(units or {}),
            selected=selected,
            hand=uuid.uuid4().hex,
        )
        self._on_intent = on_intent
        self.on_msg(self._receive)

    def show(
        self, rows: Sequence[LayerRow], units: Mapping[str, UnitState], selected: str = ""
    ) -> None:
        """Replace the whole table, in one message."""
        with self.hold_sync():
            self.rows = [dict(row) for row in rows]
            self.units = _copy(units)
            self.selected = selected

    def update_units(self, changes: Mapping[str, UnitState]) -> None:
        """Change some fields of some units; only these are sent.

        Fields that already have their value are left out, and nothing at all is sent if nothing
        is left. A page loaded later gets the full state.

        Raises:
            KeyError: If a unit has no slider in this table.
        """
        news: dict[str, dict[str, Any]] = {}
        for unit, change in changes.items():
            state = self.units[unit]
            changed = {key: value for key, value in change.items() if state.get(key) != value}
            if changed:
                news[unit] = changed
        # In place: assigning the trait would send every unit again.
        for unit, changed in news.items():
            self.units[unit].update(changed)
        if news:
            self.send({"type": "units", "changes": news})

    def select(self, unit: str) -> None:
        """Select a row and bring it into view; "" selects none."""
        self.selected = unit

    def _receive(self, _widget: object, content: object, _buffers: object) -> None:
        intent = table_intent(content, {row["unit"] for row in self.rows}, self.units)
        if intent is None:
            return
        self._adopt(intent)
        self._on_intent(intent)

    def _adopt(self, intent: Intent) -> None:
        """Take over what the page shows already, so that only what differs is sent back."""
        match intent:
            case {"ratios": ratios}:
                for unit, ratio in ratios.items():
                    self.units[unit]["ratio"] = ratio
            case {"type": "select", "unit": unit}:
                self.set_state({"selected": unit})  # as if the page had written it: no echo


def _copy(units: Mapping[str, UnitState]) -> dict[str, dict[str, Any]]:
    return {unit: dict(state) for unit, state in units.items()}
