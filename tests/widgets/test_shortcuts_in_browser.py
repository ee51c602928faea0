"""Undo and redo by keyboard in a real browser, without a kernel: whose keys they are."""

from collections.abc import Callable
from typing import Any

import pytest

from widgets.shortcuts import Shortcuts

pytestmark = pytest.mark.browser

PAGE = """() => {
    const app = document.createElement("div");
    app.className = "pw-app";
    app.tabIndex = -1;
    app.innerHTML = `<button id="button">b</button><input id="range" type="range">
        <input id="text" type="text"><input id="number" type="number">
        <textarea id="area"></textarea><select id="select"><option>a</option></select>
        <p id="words">words</p>`;
    app.append(...document.body.children);
    const cell = document.createElement("textarea");
    cell.id = "cell";
    document.body.append(app, cell);
    window.reached = [];
    document.addEventListener("keydown", ({ key }) => window.reached.push(key));
}"""


@pytest.fixture
def mounted(mount: Callable[..., Any]) -> Any:
    mounted = mount(Shortcuts({}))
    mounted.page.evaluate(PAGE)
    return mounted


@pytest.mark.parametrize("place", ["button", "range", "words"])
def test_keys_in_the_workbench_undo_and_redo_and_reach_nobody_else(
    mounted: Any, place: str
) -> None:
    mounted.page.locator(f"#{place}").click()
    for keys in ("Control+z", "Meta+z", "Control+Shift+z", "Meta+Shift+z", "Control+y"):
        mounted.page.keyboard.press(keys)
    assert [message["type"] for message in mounted.sent] == ["undo"] * 2 + ["redo"] * 3
    assert not {"z", "Z", "y"} & set(mounted.page.evaluate("reached"))


def test_texts_and_cells_keep_their_own_undo(mounted: Any) -> None:
    for place in ("text", "number", "area", "select", "cell"):
        mounted.page.locator(f"#{place}").focus()
        for keys in ("Control+z", "Control+Shift+z", "Control+y"):
            mounted.page.keyboard.press(keys)
    assert mounted.sent == []
    # Those of texts are for the browser: the page around would undo in a cell instead.
    assert mounted.page.evaluate("reached").count("y") == 1


def test_what_was_typed_is_undone_though_the_page_around_prevents_that(mounted: Any) -> None:
    mounted.page.evaluate(
        "document.addEventListener('beforeinput', (event) =>"
        " event.inputType.startsWith('history') && event.preventDefault())"
    )
    text = mounted.page.locator("#text")
    text.click()
    mounted.page.keyboard.type("head")
    mounted.page.keyboard.press("Control+z")
    assert text.input_value() == ""


def test_other_keys_are_left_alone(mounted: Any) -> None:
    mounted.page.locator("#button").focus()
    for keys in ("z", "Shift+z", "Control+Alt+z", "Meta+y", "Control+x"):
        mounted.page.keyboard.press(keys)
    assert mounted.sent == []


@pytest.mark.parametrize("how", ["disabled = true", "remove()"])
def test_a_control_that_loses_the_focus_by_what_it_did_does_not_end_the_keys(
    mounted: Any, how: str
) -> None:
    mounted.page.locator("#button").focus()
    mounted.page.evaluate(f"document.querySelector('#button').{how}")
    mounted.page.wait_for_function("document.activeElement === document.body")
    mounted.page.keyboard.press("Control+z")
    assert mounted.sent == [{"type": "undo"}]


def test_a_focus_that_was_given_up_on_purpose_ends_the_keys(mounted: Any) -> None:
    mounted.page.locator("#button").focus()
    mounted.page.evaluate("document.activeElement.blur()")
    mounted.page.keyboard.press("Control+z")
    assert mounted.sent == []


def test_keys_are_heard_no_more_once_the_view_is_gone(mounted: Any) -> None:
    mounted.page.evaluate("document.querySelector('.pw-app > div').remove()")
    mounted.page.locator("#button").focus()
    mounted.page.keyboard.press("Control+z")
    assert mounted.sent == []
