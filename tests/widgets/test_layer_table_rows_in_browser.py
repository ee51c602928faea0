"""The layer table in a real browser, without a kernel: picking, searching, sorting rows."""

from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

EVIL = "<img src=x onerror=alert(1)>"


def test_clicking_a_row_selects_it_and_saves_nothing(shown: Any) -> None:
    shown.row("classifier").click()
    assert shown.mounted.sent == [{"type": "select", "unit": "classifier"}]
    expect(shown.row("classifier")).to_have_attribute("aria-current", "true")
    assert shown.page.evaluate("model.saved.length") == 0


def test_touching_a_slider_selects_its_row(shown: Any) -> None:
    shown.slider(EVIL).click()
    assert shown.last("select") == {"type": "select", "unit": EVIL}


def test_the_kernel_selects_a_row(shown: Any) -> None:
    shown.mounted.set("selected", "stage.0.conv2")
    expect(shown.row("stage.0.conv2")).to_have_attribute("aria-current", "true")
    assert shown.mounted.sent == []


SEEN = "tr => tr.checkVisibility({ contentVisibilityAuto: true })"
BELOW_THE_HEAD = """tr => {
    const head = document.querySelector("thead").getBoundingClientRect();
    return tr.getBoundingClientRect().top > head.bottom - 1;
}"""


def test_rows_out_of_sight_are_not_drawn_until_one_is_selected(hundred_shown: Any) -> None:
    first, last = (hundred_shown.row(unit) for unit in ("layer0", "layer99"))
    assert [row.evaluate(SEEN) for row in (first, last)] == [True, False]
    hundred_shown.mounted.set("selected", "layer99")
    expect(last).to_be_in_viewport(ratio=1)
    assert last.evaluate(SEEN)
    hundred_shown.mounted.set("selected", "layer0")
    expect(first).to_be_in_viewport(ratio=1)
    assert first.evaluate(BELOW_THE_HEAD)


def test_a_shift_click_picks_rows_that_move_together(shown: Any) -> None:
    shown.row("stem").locator(".pw-meta").click()
    shown.row(EVIL).locator(".pw-meta").click(modifiers=["Shift"])
    expect(shown.page.locator(".pw-picked")).to_have_count(4)
    shown.number("stem").fill("20")
    shown.number("stem").press("Enter")
    # The locked row stays, and the row that has lost 30 % cannot go below.
    assert shown.last("release")["ratios"] == {"stem": 0.2, "stage.0.conv1": 0.3, EVIL: 0.2}
    shown.page.keyboard.press("Escape")
    expect(shown.page.locator(".pw-picked")).to_have_count(0)


def test_rows_hidden_by_the_search_do_not_move_along(shown: Any) -> None:
    shown.row("stem").locator(".pw-meta").click()
    shown.row(EVIL).locator(".pw-meta").click(modifiers=["Shift"])
    shown.page.get_by_label("Search layers").fill("stem")
    shown.slider("stem").press("PageUp")
    assert shown.last("release")["ratios"] == {"stem": 0.1}


def test_the_search_finds_names_and_members_of_groups(shown: Any) -> None:
    search = shown.page.get_by_label("Search layers")
    search.fill("SHORTCUT")
    expect(shown.page.locator("tbody tr[data-unit]")).to_have_count(1)
    expect(shown.page.locator(".pw-status")).to_have_text("1 of 5 layers")
    search.fill("nothing like it")
    expect(shown.page.locator("tbody")).to_have_text("No layer matches the search")


def test_headers_sort_and_say_so(shown: Any) -> None:
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


def test_two_views_agree(shown_twice: Any) -> None:
    shown = shown_twice
    shown.slider("stem", view=0).press("PageUp")
    expect(shown.slider("stem", view=1)).to_have_value("0.1")
    shown.row("classifier", view=1).click()
    expect(shown.row("classifier", view=0)).to_have_attribute("aria-current", "true")


def test_new_rows_after_updates_show_the_updated_units(shown: Any) -> None:
    shown.mounted.receive({"type": "units", "changes": {"stem": {"ratio": 0.6}}})
    rows = shown.page.evaluate("model.get('rows')")
    shown.mounted.set("rows", rows[:1])
    expect(shown.number("stem")).to_have_value("60")


def test_a_narrow_place_hides_the_histogram_first(shown: Any) -> None:
    weights = shown.row("stem").locator(".pw-weights-cell")
    expect(weights).to_be_visible()
    shown.page.set_viewport_size({"width": 560, "height": 800})
    expect(weights).to_be_hidden()
    expect(shown.row("stem").locator(".pw-macs")).to_be_visible()
    expect(shown.slider("stem")).to_be_visible()


def test_a_row_with_channels_picked_by_hand_says_how_many(shown: Any) -> None:
    badge = shown.row("stem").locator(".pw-by-hand")
    expect(badge).to_be_hidden()
    shown.mounted.receive({"type": "units", "changes": {"stem": {"picked": "2 removed by hand"}}})
    expect(badge).to_have_attribute("title", "2 removed by hand")
    expect(badge).to_have_text("by hand")
    shown.mounted.receive({"type": "units", "changes": {"stem": {"picked": ""}}})
    expect(badge).to_be_hidden()
