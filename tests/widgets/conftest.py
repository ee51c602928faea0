"""Fixtures of the widget tests: messages to a browser that is not there, and one that is."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anywidget
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page

from widgets.layer_table import LayerRow, LayerTable, UnitState

Messages = list[dict[str, Any]]

HOLD = """([unit, ratio]) => {
    const { held, listeners } = pwHands.get("h");
    held.clear();
    if (unit) held.set(unit, { ratio });
    for (const listener of listeners) listener();
}"""

BINARY = ("atlas",)
"""Traits that arrive in a page as bytes."""


@pytest.fixture
def record(monkeypatch: pytest.MonkeyPatch) -> Callable[[anywidget.AnyWidget], Messages]:
    """Keep what a widget sends from now on."""

    def record(widget: anywidget.AnyWidget) -> Messages:
        sent: Messages = []
        monkeypatch.setattr(widget.comm, "send", lambda data, buffers=None: sent.append(data))
        return sent

    return record


class Mounted:
    """A widget shown in a bare page, without a kernel behind it."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @property
    def sent(self) -> Messages:
        """Every message so far."""
        messages: Messages = self.page.evaluate("model.sent")
        return messages

    def wait_for(self, message: dict[str, Any]) -> None:
        """Wait until this message was the last one sent."""
        self.page.wait_for_function(
            "text => JSON.stringify(model.sent.at(-1)) === text",
            arg=self.page.evaluate("message => JSON.stringify(message)", message),
        )

    def receive(self, message: dict[str, Any]) -> None:
        """Have a custom message arrive from the kernel."""
        self.page.evaluate("message => model.fire('msg:custom', message)", message)

    def hold(self, unit: str, ratio: float) -> None:
        """Have the hand "h" hold a unit's slider at a ratio; nothing if the unit is ""."""
        self.page.evaluate(HOLD, [unit, ratio])

    def set(self, name: str, value: object) -> None:
        """Have a trait change in the kernel."""
        self.page.evaluate("([name, value]) => model.set(name, value)", [name, value])


@pytest.fixture
def mount(chromium: Browser) -> Iterator[Callable[..., Mounted]]:
    """Show a widget in a page; anything the page complains about fails the test."""
    page = chromium.new_page(viewport={"width": 1000, "height": 800})
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))

    def mount(widget: anywidget.AnyWidget, views: int = 1) -> Mounted:
        names = [name for name in widget.keys if not name.startswith("_")]
        state = {
            name: {"base64": base64.b64encode(value).decode()} if name in BINARY else value
            for name, value in widget.get_state(names).items()
            if name != "layout"
        }
        page.set_content("<!doctype html><body></body>")
        if css := getattr(widget, "_css", ""):
            page.add_style_tag(content=css)
        page.add_script_tag(path=Path(__file__).with_name("fake_model.js"))
        page.evaluate(
            "([source, state, views]) => mount(source, state, views)",
            [widget._esm, state, views],
        )
        return Mounted(page)

    yield mount
    page.close()
    assert complaints == []


EVIL = "<img src=x onerror=alert(1)>"
REASON = "these are the model's outputs"


def layer_row(unit: str, share: float = 0.1, **changes: Any) -> LayerRow:
    values: dict[str, Any] = {
        "unit": unit,
        "title": unit,
        "kind": "conv",
        "shape": "3x3",
        "size": 32,
        "size_label": "32 channels",
        "parameters_share": share,
        "macs_share": share,
        "latency_share": share,
        "histogram": [1, 2, 1],
        "layers": [unit],
        "prunable": True,
        "reason": "",
        "pattern": "",
        "on_ratio": 0.5,
    }
    return LayerRow(**{**values, **changes})


def unit_state(ratio: float = 0.0, **changes: Any) -> UnitState:
    return UnitState(
        **{"ratio": ratio, "achieved": 0.0, "locked": False, "pinned": False, **changes}
    )


@pytest.fixture
def five_layers() -> LayerTable:
    """A free row, a half-pruned group, a locked row, a hostile name and a fixed row."""
    rows = [
        layer_row("stem", 0.1),
        layer_row("stage.0.conv1", 0.3, layers=["stage.0.conv1", "stage.0.shortcut"]),
        layer_row("stage.0.conv2", 0.2),
        layer_row(EVIL, 0.25),
        layer_row("classifier", 0.05, prunable=False, reason=REASON),
    ]
    units = {
        "stem": unit_state(),
        "stage.0.conv1": unit_state(0.5, achieved=0.3),
        "stage.0.conv2": unit_state(0.2, locked=True),
        EVIL: unit_state(pinned=True),
    }
    return LayerTable(print, rows, units, selected="stem")


class Shown:
    """Rows of a mounted table by their unit."""

    def __init__(self, mounted: Mounted) -> None:
        self.page, self.mounted = mounted.page, mounted

    def row(self, unit: str, view: int = 0) -> Locator:
        return self.page.locator(f"tr[data-unit={unit!r}]").nth(view)

    def slider(self, unit: str, view: int = 0) -> Locator:
        return self.row(unit, view).get_by_test_id("pw-slider")

    def number(self, unit: str) -> Locator:
        return self.row(unit).get_by_test_id("pw-ratio")

    def lock(self, unit: str) -> Locator:
        return self.row(unit).get_by_test_id("pw-lock")

    def switch(self, unit: str) -> Locator:
        return self.row(unit).get_by_role("switch")

    def unpin(self, unit: str) -> Locator:
        return self.row(unit).get_by_test_id("pw-unpin")

    def grab(self, unit: str, to: float) -> None:
        """Press the mouse on a slider's thumb and move it, without letting go."""
        box = self.slider(unit).bounding_box()
        left, width = box["x"] + 7, box["width"] - 14
        at = float(self.slider(unit).input_value())
        middle = box["y"] + box["height"] / 2
        self.page.mouse.move(left + width * at / 0.99, middle)
        self.page.mouse.down()
        self.page.mouse.move(left + width * to / 0.99, middle, steps=8)

    def last(self, kind: str) -> dict[str, Any]:
        self.page.wait_for_function(
            "kind => model.sent.some(message => message.type === kind)", arg=kind
        )
        return [message for message in self.mounted.sent if message["type"] == kind][-1]


@pytest.fixture
def shown(mount: Callable[..., Mounted], five_layers: LayerTable) -> Shown:
    """The table of five layers, mounted once."""
    return Shown(mount(five_layers))


@pytest.fixture
def hundred_shown(mount: Callable[..., Mounted]) -> Shown:
    """A table that is longer than its place."""
    units = [f"layer{number}" for number in range(100)]
    rows = [layer_row(unit) for unit in units]
    return Shown(mount(LayerTable(print, rows, {unit: unit_state() for unit in units})))


@pytest.fixture
def switched(mount: Callable[..., Mounted]) -> Shown:
    """Rows with switches: off, on, already carried out, locked; and one without."""
    switch = {"pattern": "2:4", "on_ratio": 0.5}
    rows = [layer_row(unit, **switch) for unit in ("conv1", "conv2", "conv3", "conv4")]
    rows.append(layer_row("stem", prunable=False, reason=REASON, **switch))
    units = {
        "conv1": unit_state(),
        "conv2": unit_state(0.5),
        "conv3": unit_state(0.5, achieved=0.5),
        "conv4": unit_state(0.5, locked=True),
    }
    return Shown(mount(LayerTable(print, rows, units, selected="conv1")))


@pytest.fixture
def shown_twice(mount: Callable[..., Mounted], five_layers: LayerTable) -> Shown:
    """The same table in two places of one page."""
    return Shown(mount(five_layers, views=2))
