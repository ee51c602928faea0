"""The choice of the device that latency is about, and of how many inputs it gets at a time."""

import threading
from collections.abc import Callable

import ipywidgets

from widgets.panels.controls import labelled, set_state, show
from workbench import Session
from workbench.devices import known_devices, word_of

_OTHER = "over SSH…"


class DevicePanel:
    """A list of devices, a field for another machine, and the batch size.

    Args:
        session: Its latencies are of one device.
        use: Called with a word for the device, and the batch size.
    """

    def __init__(self, session: Session, use: Callable[[str, int], None]) -> None:
        self._session, self._use = session, use
        self._drawn_by = 0  # the thread that is drawing; what it sets is nobody's wish
        self._known = known_devices()
        self._list = ipywidgets.Dropdown(layout={"width": "auto"})
        self._list.add_class("pw-device")
        self._typed = ipywidgets.Text(
            continuous_update=False, placeholder="ssh://user@host", layout={"width": "170px"}
        )
        self._typed.add_class("pw-typed-device")
        self._batch = ipywidgets.BoundedIntText(1, min=1, max=4096, layout={"width": "64px"})
        self._batch.add_class("pw-device-batch")
        self.root = ipywidgets.HBox(
            [
                labelled("device", ipywidgets.HBox([self._list, self._typed])),
                labelled("batch", self._batch),
            ]
        )
        self.root.add_class("pw-toolbar")
        self.update()
        self._list.observe(lambda _: self._chosen(), "value")
        self._typed.observe(lambda _: self._ask(self._typed.value.strip()), "value")
        self._batch.observe(lambda _: self._ask(self._word), "value")

    def update(self) -> None:
        """Show what the session measures on."""
        self._drawn_by = threading.get_ident()
        try:
            self._draw()
        finally:
            self._drawn_by = 0

    def _draw(self) -> None:
        word, batch_size = self._word, self._session.conditions.batch_size
        mine = self._known if word in self._known else (*self._known, word)
        options = (*((_label(one), one) for one in mine), (_OTHER, _OTHER))
        if self._list.options != options:
            self._list.options = options
        if not (self._list.value == _OTHER and not self._session.moving):
            self._list.value = word
        self._batch.value = batch_size
        show(self._typed, self._list.value == _OTHER)
        busy = "another device is being measured" if self._session.moving else ""
        busy = "a step is being made" if self._session.busy else busy
        set_state(self._list, "Where latency is measured and predicted", busy)
        set_state(self._typed, "Another machine, such as ssh://pi@raspberrypi?threads=4", busy)
        set_state(self._batch, "Inputs at a time", busy)

    @property
    def _word(self) -> str:
        return word_of(self._session.device)

    def _chosen(self) -> None:
        show(self._typed, self._list.value == _OTHER)
        if self._list.value not in (_OTHER, None):
            self._ask(self._list.value)

    def _ask(self, word: str) -> None:
        """Ask for what is not so already."""
        if self._drawn_by == threading.get_ident():
            return
        now = (self._word, self._session.conditions.batch_size)
        if word and (word, self._batch.value) != now:
            self._use(word, self._batch.value)


def _label(word: str) -> str:
    kind, _, number = word.partition(":")
    if kind == "cpu":
        return "cpu, 1 thread" if not number else f"cpu, {number} threads"
    return word.removeprefix("ssh://")
