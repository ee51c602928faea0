"""The layer table in a real browser, without a kernel: what hands do and what is sent."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from widgets.layer_table import LayerRow, LayerTable, UnitState

pytestmark = pytest.mark.browser

EVIL = "<img src=x onerror=alert(1)>"
REASON = "not prunable: these are the model's outputs"


def row(unit: str, share: float = 0.1, **changes: Any) -> LayerRow:
    values: dict[str, Any] = {
        "unit": unit,
        "title": unit,
        "kind": "conv",
        "shape": "3x3",
        "size": 32,
        "size_label": "32 channels",
        "parameters_share": share,
        "macs_share": share,
        "histogram": [1, 2, 1],
        "layers": [unit],
        "prunable": True,
        "reason": "",
    }
    return LayerRow(**{**values, **changes})


def state(ratio: float = 0.0, **changes: Any) -> UnitState:
    return UnitState(
        **{"ratio": ratio, "achieved": 0.0, "locked": False, "pinned": False, **changes}
    )


@pytest.fixture
def table() -> LayerTable:
    rows = [
        row("stem", 0.1),
        row("stage.0.conv1", 0.3, layers=["stage.0.conv1", "stage.0.shortcut"]),
        row("stage.0.conv2", 0.2),
        row(EVIL, 0.25),
        row("classifier", 0.05, prunable=False, reason=REASON),
    ]
    units = {
        "stem": state(),
        "stage.0.conv1": state(0.5, achieved=0.3),
        "stage.0.conv2": state(0.2, locked=True),
        EVIL: state(pinned=True),
    }
    return LayerTable(print, rows, units, selected="stem")


class Shown:
    """Rows of a mounted table by their unit."""

    def __init__(self, mounted: Any) -> None:
        self.page, self.mounted = mounted.page, mounted

    def row(self, unit: str, view: int = 0) -> Any:
        return self.page.locator(f"tr[data-unit={unit!r}]").nth(view)

    def slider(self, unit: str, view: int = 0) -> Any:
        return self.row(unit, view).get_by_test_id("pw-slider")

    def number(self, unit: str) -> Any:
        return self.row(unit).get_by_test_id("pw-ratio")

    def lock(self, unit: str) -> Any:
        return self.row(unit).get_by_test_id("pw-lock")

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
def shown(mount: Callable, table: LayerTable) -> Shown:
    return Shown(mount(table))


def test_every_layer_has_a_row_with_its_controls_or_the_reason_for_none(shown: Shown) -> None:
    expect(shown.page.locator("tbody tr[data-unit]")).to_have_count(5)
    expect(shown.number("stage.0.conv1")).to_have_value("50")
    expect(shown.row("stage.0.conv1").locator(".pw-badge")).to_have_text("+1")
    expect(shown.slider("classifier")).to_have_count(0)
    expect(shown.row("classifier")).to_contain_text(REASON)


def test_a_hostile_name_is_shown_as_it_is(shown: Shown) -> None:
    expect(shown.row(EVIL).locator(".pw-name")).to_have_text(EVIL)
    expect(shown.page.locator("img")).to_have_count(0)


def test_every_control_has_a_name(shown: Shown) -> None:
    controls = shown.page.locator("input, button, table")
    for control in controls.all():
        assert control.evaluate(
            "node => (node.ariaLabel || node.getAttribute('aria-label') || node.textContent).trim()"
        )


def test_dragging_sends_drags_and_letting_go_sends_where(shown: Shown) -> None:
    shown.grab("stem", 0.5)
    drag = shown.last("drag")["ratios"]
    assert 0 < drag["stem"] < 1
    assert "release" not in {message["type"] for message in shown.mounted.sent}
    shown.page.mouse.up()
    release = shown.last("release")["ratios"]
    assert release["stem"] == pytest.approx(0.5, abs=0.02)
    expect(shown.number("stem")).to_have_value(f"{100 * release['stem']:.3g}")


def test_coming_back_to_the_start_is_a_release_too(shown: Shown) -> None:
    shown.grab("stem", 0.5)
    box = shown.slider("stem").bounding_box()
    shown.page.mouse.move(box["x"], box["y"] + 10, steps=8)
    shown.page.mouse.up()
    assert shown.last("release")["ratios"] == {"stem": 0}


def test_a_row_in_the_hand_ignores_the_kernel_and_others_do_not(shown: Shown) -> None:
    shown.grab("stem", 0.5)
    held = shown.slider("stem").input_value()
    shown.mounted.receive(
        {"type": "units", "changes": {"stem": {"ratio": 0.1}, EVIL: {"ratio": 0.7}}}
    )
    expect(shown.number(EVIL)).to_have_value("70")
    assert shown.slider("stem").input_value() == held
    shown.page.mouse.up()


def test_after_letting_go_the_kernel_has_the_last_word(shown: Shown) -> None:
    shown.grab("stem", 0.5)
    shown.page.mouse.up()
    shown.last("release")
    shown.mounted.receive({"type": "units", "changes": {"stem": {"ratio": 0.25}}})
    expect(shown.number("stem")).to_have_value("25")


def test_what_is_removed_cannot_be_entered(shown: Shown) -> None:
    shown.grab("stage.0.conv1", 0.0)
    shown.page.mouse.up()
    assert shown.last("release")["ratios"] == {"stage.0.conv1": 0.3}
    shown.number("stage.0.conv1").fill("10")
    shown.number("stage.0.conv1").press("Enter")
    expect(shown.page.locator(".pw-status")).to_contain_text(
        "30 % of this layer is already removed"
    )
    expect(shown.number("stage.0.conv1")).to_have_value("30")


def test_a_number_typed_is_a_release(shown: Shown) -> None:
    shown.number("stem").fill("37.5")
    shown.number("stem").press("Enter")
    assert shown.last("release")["ratios"] == {"stem": 0.375}
    expect(shown.slider("stem")).to_have_attribute("aria-valuetext", "37.5 percent")


@pytest.mark.parametrize("text", ["100", "-1", ""])
def test_a_number_out_of_range_is_refused_in_words(shown: Shown, text: str) -> None:
    shown.number("stem").fill(text)
    shown.number("stem").press("Enter")
    expect(shown.page.locator(".pw-status")).to_have_text(
        "A pruning ratio is at least 0 % and below 100 %"
    )
    expect(shown.number("stem")).to_have_value("0")
    assert "release" not in {message["type"] for message in shown.mounted.sent}


def test_an_update_leaves_a_number_being_typed_alone(shown: Shown) -> None:
    shown.number("stem").fill("12")
    shown.mounted.receive({"type": "units", "changes": {"stem": {"ratio": 0.8}}})
    expect(shown.number("stem")).to_have_value("12")
    shown.number("stem").press("Escape")
    expect(shown.number("stem")).to_have_value("80")


@pytest.mark.parametrize(
    ("key", "ratio"),
    [("ArrowRight", 0.51), ("ArrowDown", 0.49), ("PageUp", 0.6), ("PageDown", 0.4), ("End", 0.99)],
)
def test_keys_move_a_slider_and_lifting_them_releases(shown: Shown, key: str, ratio: float) -> None:
    shown.slider("stage.0.conv1").press(key)
    assert shown.last("release")["ratios"] == {"stage.0.conv1": ratio}


def test_locked_rows_do_not_move_and_unlock_on_request(shown: Shown) -> None:
    expect(shown.slider("stage.0.conv2")).to_be_disabled()
    expect(shown.lock("stage.0.conv2")).to_have_attribute("aria-pressed", "true")
    shown.lock("stage.0.conv2").click()
    assert shown.last("lock") == {"type": "lock", "unit": "stage.0.conv2", "locked": False}
    shown.mounted.receive({"type": "units", "changes": {"stage.0.conv2": {"locked": False}}})
    expect(shown.slider("stage.0.conv2")).to_be_enabled()


def test_a_reason_disables_every_control_and_is_read(shown: Shown) -> None:
    shown.mounted.set("disabled_reason", "Fine-tuning is running")
    for control in shown.page.locator("[data-testid^=pw-]:is(input, button)").all():
        expect(control).to_be_disabled()
        expect(control).to_have_attribute("title", "Fine-tuning is running")
    expect(shown.page.locator(".pw-status")).to_have_text("Fine-tuning is running")
    shown.mounted.set("disabled_reason", "")
    expect(shown.slider("stem")).to_be_enabled()
    expect(shown.slider("stage.0.conv2")).to_be_disabled()


def test_a_drag_ends_when_the_table_is_disabled(shown: Shown) -> None:
    shown.grab("stem", 0.5)
    shown.mounted.set("disabled_reason", "Fine-tuning is running")
    shown.page.mouse.up()
    expect(shown.number("stem")).to_have_value("0")
    assert "release" not in {message["type"] for message in shown.mounted.sent}


def test_clicking_a_row_selects_it_and_saves_nothing(shown: Shown) -> None:
    shown.row("classifier").click()
    assert shown.mounted.sent == [{"type": "select", "unit": "classifier"}]
    expect(shown.row("classifier")).to_have_attribute("aria-current", "true")
    assert shown.page.evaluate("model.saved.length") == 0


def test_touching_a_slider_selects_its_row(shown: Shown) -> None:
    shown.slider(EVIL).click()
    assert shown.last("select") == {"type": "select", "unit": EVIL}


def test_the_kernel_selects_a_row(shown: Shown) -> None:
    shown.mounted.set("selected", "stage.0.conv2")
    expect(shown.row("stage.0.conv2")).to_have_attribute("aria-current", "true")
    assert shown.mounted.sent == []


def test_a_shift_click_picks_rows_that_move_together(shown: Shown) -> None:
    shown.row("stem").locator(".pw-meta").click()
    shown.row(EVIL).locator(".pw-meta").click(modifiers=["Shift"])
    expect(shown.page.locator(".pw-picked")).to_have_count(4)
    shown.number("stem").fill("20")
    shown.number("stem").press("Enter")
    # The locked row stays, and the row that has lost 30 % cannot go below.
    assert shown.last("release")["ratios"] == {"stem": 0.2, "stage.0.conv1": 0.3, EVIL: 0.2}
    shown.page.keyboard.press("Escape")
    expect(shown.page.locator(".pw-picked")).to_have_count(0)


def test_rows_hidden_by_the_search_do_not_move_along(shown: Shown) -> None:
    shown.row("stem").locator(".pw-meta").click()
    shown.row(EVIL).locator(".pw-meta").click(modifiers=["Shift"])
    shown.page.get_by_label("Search layers").fill("stem")
    shown.slider("stem").press("PageUp")
    assert shown.last("release")["ratios"] == {"stem": 0.1}


def test_the_search_finds_names_and_members_of_groups(shown: Shown) -> None:
    search = shown.page.get_by_label("Search layers")
    search.fill("SHORTCUT")
    expect(shown.page.locator("tbody tr[data-unit]")).to_have_count(1)
    expect(shown.page.locator(".pw-status")).to_have_text("1 of 5 layers")
    search.fill("nothing like it")
    expect(shown.page.locator("tbody")).to_have_text("No layer matches the search")


def test_headers_sort_and_say_so(shown: Shown) -> None:
    def order() -> list[str]:
        units: list[str] = shown.page.locator("tbody tr").evaluate_all(
            "rows => rows.map(row => row.dataset.unit)"
        )
        return units

    original = order()
    shown.page.get_by_role("button", name="Params").click()
    assert order() == ["stage.0.conv1", EVIL, "stage.0.conv2", "stem", "classifier"]
    header = shown.page.get_by_role("columnheader", name="Params")
    expect(header).to_have_attribute("aria-sort", "descending")
    shown.page.get_by_role("button", name="Params").click()
    assert order()[0] == "classifier"
    shown.page.get_by_role("button", name="Pruning ratio").click()
    assert order()[:2] == ["stage.0.conv1", "stage.0.conv2"]
    shown.page.get_by_role("button", name="Layer").click()
    assert order() == original


def test_two_views_agree(mount: Callable, table: LayerTable) -> None:
    shown = Shown(mount(table, views=2))
    shown.slider("stem", view=0).press("PageUp")
    expect(shown.slider("stem", view=1)).to_have_value("0.1")
    shown.row("classifier", view=1).click()
    expect(shown.row("classifier", view=0)).to_have_attribute("aria-current", "true")


def test_new_rows_after_updates_show_the_updated_units(shown: Shown) -> None:
    shown.mounted.receive({"type": "units", "changes": {"stem": {"ratio": 0.6}}})
    shown.mounted.set("rows", [row("stem")])
    expect(shown.number("stem")).to_have_value("60")


def test_a_narrow_place_hides_the_histogram_first(shown: Shown) -> None:
    weights = shown.row("stem").locator(".pw-weights-cell")
    expect(weights).to_be_visible()
    shown.page.set_viewport_size({"width": 560, "height": 800})
    expect(weights).to_be_hidden()
    expect(shown.row("stem").locator(".pw-macs")).to_be_visible()
    expect(shown.slider("stem")).to_be_visible()
