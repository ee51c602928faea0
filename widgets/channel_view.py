"""The channels of one unit as cards: one anywidget, drawn by the browser from one atlas."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import anywidget
import traitlets

from widgets.front_end import module_source, style_source
from widgets.intents import Intent, channels_intent


class ChannelView(anywidget.AnyWidget):
    """A card for every channel: pictures, answers, importances, and what the plan does with it.

    Pictures are sent once per unit and model, as one buffer; of what the plan does only changes
    are sent. The browser never writes a trait back; it sends intents:

    - ``{"type": "keep" | "remove" | "release", "unit": unit, "channels": [number, ...]}``
    - ``{"type": "cancel"}`` and ``{"type": "look"}``: stop looking at the unit, or look again

    Args:
        on_intent: Called with every intent that checks out, on the thread comms arrive on.
    """

    _esm = module_source("channel_view.js")
    _css = style_source("channel_view.css", "channel_view_card.css")

    described = traitlets.Dict(
        help="What `channel_atlas.drawn` gives for a report; {} while there is none."
    ).tag(sync=True)
    atlas = traitlets.Bytes(help="The numbers that `described` points to.").tag(sync=True)
    states = traitlets.List(
        traitlets.Unicode(), help="State of every channel; see `channel_states`."
    ).tag(sync=True)
    summary = traitlets.Unicode(help="What the plan does with the unit, in words.").tag(sync=True)
    criterion = traitlets.Unicode(help="The plan's criterion.").tag(sync=True)
    notice = traitlets.Dict(
        help="Keys: text; kind, one of 'info', 'progress', 'error'; {} for none."
    ).tag(sync=True)
    disabled_reason = traitlets.Unicode(
        help="Why no channel can be picked at the moment, in words; '' when they can."
    ).tag(sync=True)

    def __init__(self, on_intent: Callable[[Intent], None]) -> None:
        super().__init__()
        self._on_intent = on_intent
        self.on_msg(self._receive)

    def show(self, described: Mapping[str, Any], atlas: bytes, states: Sequence[str]) -> None:
        """Replace everything, in one message."""
        with self.hold_sync():
            self.described = dict(described)
            self.atlas = atlas
            self.states = list(states)

    def update_states(self, states: Sequence[str]) -> None:
        """Change the states of some channels; only these are sent.

        A page loaded later gets the full state.

        Raises:
            ValueError: If there are not as many as channels are shown.
        """
        changes: dict[str, list[int]] = {}
        for number, (before, after) in enumerate(zip(self.states, states, strict=True)):
            if before != after:
                changes.setdefault(after, []).append(number)
        if not changes:
            return
        # In place: assigning the trait would send every channel again.
        self.states[:] = states
        self.send({"type": "states", "unit": self.described.get("unit"), "changes": changes})

    def _receive(self, _widget: object, content: object, _buffers: object) -> None:
        unit, size = self.described.get("unit", ""), len(self.states)
        intent = channels_intent(content, unit, size)
        if intent is not None:
            self._on_intent(intent)
