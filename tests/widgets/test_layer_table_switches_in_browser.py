"""The layer table in a real browser, without a kernel: switches, pins and what a plan leads to."""

from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

EVIL = "<img src=x onerror=alert(1)>"
REASON = "Not prunable: these are the model's outputs"


def test_a_pattern_has_switches_in_place_of_sliders(switched: Any) -> None:
    expect(switched.page.get_by_test_id("pw-slider")).to_have_count(0)
    expect(switched.switch("conv1")).not_to_be_checked()
    expect(switched.row("conv1")).to_contain_text("dense")
    expect(switched.switch("conv2")).to_be_checked()
    expect(switched.row("conv2")).to_contain_text("2:4")
    expect(switched.row("stem")).to_contain_text(REASON)
    expect(switched.page.get_by_role("columnheader", name="2:4 or dense")).to_be_visible()


def test_a_switch_says_what_it_is_for(switched: Any) -> None:
    expect(switched.switch("conv1")).to_have_accessible_name("Prune conv1 to 2:4")
    expect(switched.switch("conv1")).to_have_attribute("title", "Keep 2 of every 4 weights, or all")


def test_turning_a_switch_is_a_release_and_selects_the_row(switched: Any) -> None:
    switched.switch("conv2").click()
    assert switched.last("release")["ratios"] == {"conv2": 0}
    assert switched.last("select") == {"type": "select", "unit": "conv2"}
    expect(switched.row("conv2")).to_contain_text("dense")
    switched.switch("conv2").press("Space")
    switched.mounted.wait_for({"type": "release", "ratios": {"conv2": 0.5}})


def test_a_switch_is_reached_by_the_tab_key(switched: Any) -> None:
    switched.row("conv1").locator(".pw-name").focus()
    switched.page.keyboard.press("Tab")
    expect(switched.switch("conv1")).to_be_focused()
    switched.page.keyboard.press("Space")
    assert switched.last("release")["ratios"] == {"conv1": 0.5}


def test_picked_rows_are_switched_together_but_for_those_that_cannot(switched: Any) -> None:
    switched.row("conv1").locator(".pw-meta").click()
    switched.row("conv4").locator(".pw-meta").click(modifiers=["Shift"])
    switched.switch("conv1").click()
    # What is carried out already stays on; the locked row stays as it is.
    assert switched.last("release")["ratios"] == {"conv1": 0.5, "conv2": 0.5, "conv3": 0.5}


def test_what_is_carried_out_or_locked_cannot_be_switched_and_says_why(switched: Any) -> None:
    expect(switched.switch("conv3")).to_be_disabled()
    expect(switched.row("conv3")).to_contain_text("carried out")
    expect(switched.switch("conv3")).to_have_attribute(
        "title", "Already 2:4: Undo brings the weights back"
    )
    expect(switched.switch("conv4")).to_be_disabled()
    expect(switched.switch("conv4")).to_have_attribute("title", "Locked")


def test_the_kernel_turns_a_switch(switched: Any) -> None:
    note = "at most 40 % of it may go"
    changes = {"conv1": {"ratio": 0.5, "outcome": 0, "note": note}}
    switched.mounted.receive({"type": "units", "changes": changes})
    expect(switched.switch("conv1")).to_be_checked()
    expect(switched.row("conv1")).to_contain_text(note)


def test_sliders_come_back_with_other_rows(switched: Any) -> None:
    rows = switched.page.evaluate("model.get('rows')")
    switched.mounted.set("rows", [{**row, "pattern": ""} for row in rows])
    expect(switched.slider("conv1")).to_be_visible()
    expect(switched.page.get_by_role("columnheader", name="Pruning ratio")).to_be_visible()


def test_a_pinned_row_alone_has_a_button_that_unpins_it(shown: Any) -> None:
    expect(shown.unpin("stem")).to_be_hidden()
    expect(shown.unpin(EVIL)).to_be_visible()
    expect(shown.unpin(EVIL)).to_have_accessible_name(f"Unpin {EVIL}")
    shown.unpin(EVIL).click()
    assert shown.mounted.sent == [{"type": "unpin", "unit": EVIL}]
    shown.mounted.receive({"type": "units", "changes": {EVIL: {"pinned": False}}})
    expect(shown.unpin(EVIL)).to_be_hidden()


def test_sliders_stay_in_line_where_one_row_is_pinned(shown: Any) -> None:
    right = {
        round(box["x"] + box["width"])
        for box in (shown.slider(unit).bounding_box() for unit in ("stem", EVIL))
    }
    assert len(right) == 1


def test_picked_rows_are_unpinned_together(shown: Any) -> None:
    shown.mounted.receive({"type": "units", "changes": {"stem": {"pinned": True}}})
    shown.row("stem").locator(".pw-meta").click()
    shown.row(EVIL).locator(".pw-meta").click(modifiers=["Shift"])
    shown.unpin("stem").click()
    pins = [message["unit"] for message in shown.mounted.sent if message["type"] == "unpin"]
    assert pins == ["stem", EVIL]


def test_a_row_says_what_the_plan_leads_to_where_that_is_not_its_ratio(shown: Any) -> None:
    note = "ranked together with all other units"
    change = {"ratio": 0.5, "outcome": 0.724, "note": note}
    shown.mounted.receive({"type": "units", "changes": {"stem": change}})
    expect(shown.row("stem").locator(".pw-outcome")).to_have_text("→ 72 %")
    expect(shown.slider("stem")).to_have_attribute("title", f"loses 72 %: {note}")
    expect(shown.slider("stem")).to_have_attribute(
        "aria-valuetext", f"50 percent, loses 72 %: {note}"
    )
    shown.mounted.receive({"type": "units", "changes": {"stem": {"outcome": 0.5}}})
    expect(shown.row("stem").locator(".pw-outcome")).to_be_hidden()


def test_a_long_reason_is_there_in_full_in_the_selected_row(shown: Any) -> None:
    rows = shown.page.evaluate("model.get('rows')")
    rows[-1]["reason"] = "a reason of many words " * 12
    shown.mounted.set("rows", rows)
    reason = shown.row("classifier").locator(".pw-reason")
    hidden = "node => node.scrollHeight - node.clientHeight"
    assert reason.evaluate(hidden) > 10
    expect(reason).to_have_attribute("title", f"Not prunable: {rows[-1]['reason']}")
    shown.row("classifier").click()
    assert reason.evaluate(hidden) <= 1
