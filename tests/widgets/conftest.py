"""Fixtures of the widget tests: messages to a browser that is not there, and one that is."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anywidget
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

Messages = list[dict[str, Any]]


@pytest.fixture
def record(monkeypatch: pytest.MonkeyPatch) -> Callable[[anywidget.AnyWidget], Messages]:
    """Keep what a widget sends from now on."""

    def record(widget: anywidget.AnyWidget) -> Messages:
        sent: Messages = []
        monkeypatch.setattr(widget.comm, "send", lambda data, buffers=None: sent.append(data))
        return sent

    return record


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's Chromium where there is one, else Playwright's own."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


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

    def set(self, name: str, value: object) -> None:
        """Have a trait change in the kernel."""
        self.page.evaluate("([name, value]) => model.set(name, value)", [name, value])


@pytest.fixture
def mount(chromium: Browser) -> Iterator[Callable[..., Mounted]]:
    """Show a widget in a page; anything the page complains about fails the test."""
    page = chromium.new_page(viewport={"width": 1000, "height": 800})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))

    def mount(widget: anywidget.AnyWidget, views: int = 1) -> Mounted:
        names = [name for name in widget.keys if not name.startswith("_")]
        state = {name: value for name, value in widget.get_state(names).items() if name != "layout"}
        page.set_content("<!doctype html><body></body>")
        page.add_style_tag(content=getattr(widget, "_css", ""))
        page.add_script_tag(path=Path(__file__).with_name("fake_model.js"))
        page.evaluate(
            "([source, state, views]) => mount(source, state, views)",
            [widget._esm, state, views],
        )
        return Mounted(page)

    yield mount
    page.close()
    assert complaints == []
