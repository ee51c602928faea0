"""The code dialog in a real browser, without a kernel."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from widgets.code_dialog import CodeDialog

pytestmark = pytest.mark.browser

PYTHON = 'from workbench import Session\n\nsession = Session("<img src=x onerror=alert(1)>")\n'
RECIPE = "format_version: 1\nsteps: []\n"
CODE = {"type": "code", "python": PYTHON, "recipe": RECIPE}
CLIPBOARD = """() => Object.defineProperty(navigator, "clipboard", {
  value: { writeText: async (text) => { window.copied = text; } }, configurable: true })"""
NO_CLIPBOARD = """() => {
  Object.defineProperty(navigator, "clipboard", { value: undefined, configurable: true });
  document.addEventListener("copy", () => { window.copied = String(getSelection()); });
}"""


@pytest.fixture
def closed(mount: Callable[..., Any]) -> Any:
    """The button, before anybody pressed it."""
    return mount(CodeDialog(print, "net.yaml"))


@pytest.fixture
def opened(closed: Any) -> Any:
    """The dialog with its code."""
    part(closed, "pw-copy-as-code").click()
    closed.receive(CODE)
    return closed


def part(shown: Any, name: str) -> Locator:
    found: Locator = shown.page.get_by_test_id(name)
    return found


def test_the_dialog_opens_once_the_kernel_has_answered(closed: Any) -> None:
    closed.receive(CODE)  # somebody else asked
    expect(part(closed, "pw-code-dialog")).not_to_be_visible()
    part(closed, "pw-copy-as-code").press("Enter")
    assert closed.sent == [{"type": "open"}]
    closed.receive(CODE)
    expect(part(closed, "pw-code-dialog")).to_be_visible()
    expect(part(closed, "pw-code-text")).to_have_text(PYTHON)
    expect(part(closed, "pw-code-copy")).to_be_focused()


def test_code_is_text_and_never_markup(opened: Any) -> None:
    assert opened.page.locator("img").count() == 0


@pytest.mark.parametrize("setup", [CLIPBOARD, NO_CLIPBOARD])
def test_copy_copies_what_is_shown(opened: Any, setup: str) -> None:
    opened.page.evaluate(setup)
    part(opened, "pw-code-copy").click()
    expect(part(opened, "pw-code-said")).to_have_text("Copied.")
    assert opened.page.evaluate("window.copied.trim()") == PYTHON.strip()
    opened.page.get_by_role("tab", name="Recipe (YAML)").click()
    expect(part(opened, "pw-code-text")).to_have_text(RECIPE)
    part(opened, "pw-code-copy").click()
    opened.page.wait_for_function("window.copied.startsWith('format_version')")


def test_arrow_keys_change_the_form(opened: Any) -> None:
    python = opened.page.get_by_role("tab", name="Python")
    recipe = opened.page.get_by_role("tab", name="Recipe (YAML)")
    python.focus()
    python.press("ArrowRight")
    expect(recipe).to_be_focused()
    expect(recipe).to_have_attribute("aria-selected", "true")
    expect(part(opened, "pw-code-text")).to_have_text(RECIPE)


def test_escape_and_the_button_close_it_and_the_focus_goes_back(opened: Any) -> None:
    opened.page.keyboard.press("Escape")
    expect(part(opened, "pw-code-dialog")).not_to_be_visible()
    expect(part(opened, "pw-copy-as-code")).to_be_focused()
    part(opened, "pw-copy-as-code").click()
    opened.receive(CODE)
    opened.page.get_by_role("button", name="Close").click()
    expect(part(opened, "pw-code-dialog")).not_to_be_visible()


def test_a_recipe_is_saved_by_name_and_the_answer_is_read_out(opened: Any) -> None:
    expect(part(opened, "pw-code-path")).to_have_value("net.yaml")
    part(opened, "pw-code-path").fill("my.yaml")
    part(opened, "pw-code-path").press("Enter")
    assert opened.sent[-1] == {"type": "save", "path": "my.yaml"}
    opened.receive({"type": "saved", "said": "cannot write <b>my.yaml</b>", "failed": True})
    expect(part(opened, "pw-code-said")).to_have_text("cannot write <b>my.yaml</b>")
    part(opened, "pw-code-path").fill(" ")
    part(opened, "pw-code-save").click()
    expect(part(opened, "pw-code-said")).to_have_text("Name a file for the recipe.")


def test_only_the_view_that_was_asked_opens(mount: Callable[..., Any]) -> None:
    twice = mount(CodeDialog(print, "net.yaml"), views=2)
    part(twice, "pw-copy-as-code").nth(1).click()
    twice.receive(CODE)
    expect(part(twice, "pw-code-dialog").nth(1)).to_be_visible()
    expect(part(twice, "pw-code-dialog").nth(0)).not_to_be_visible()
