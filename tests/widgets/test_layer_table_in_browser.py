"""The layer table in a real browser, without a kernel: what hands do to controls."""

from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

EVIL = "<img src=x onerror=alert(1)>"
REASON = "Not prunable: these are the model's outputs"


def test_every_layer_has_a_row_with_its_controls_or_the_reason_for_none(shown: Any) -> None:
    expect(shown.page.locator("tbody tr[data-unit]")).to_have_count(5)
    expect(shown.number("stage.0.conv1")).to_have_value("50")
    expect(shown.row("stage.0.conv1").locator(".pw-badge")).to_have_text("+1")
    expect(shown.slider("classifier")).to_have_count(0)
    expect(shown.row("classifier")).to_contain_text(REASON)


def test_a_hostile_name_is_shown_as_it_is(shown: Any) -> None:
    expect(shown.row(EVIL).locator(".pw-name")).to_have_text(EVIL)
    expect(shown.page.locator("img")).to_have_count(0)


def test_every_control_has_a_name(shown: Any) -> None:
    controls = shown.page.locator("input, button, table")
    for control in controls.all():
        assert control.evaluate(
            "node => (node.ariaLabel || node.getAttribute('aria-label') || node.textContent).trim()"
        )


def test_dragging_sends_drags_and_letting_go_sends_where(shown: Any) -> None:
    shown.grab("stem", 0.5)
    drag = shown.last("drag")["ratios"]
    assert 0 < drag["stem"] < 1
    assert "release" not in {message["type"] for message in shown.mounted.sent}
    shown.page.mouse.up()
    release = shown.last("release")["ratios"]
    assert release["stem"] == pytest.approx(0.5, abs=0.02)
    expect(shown.number("stem")).to_have_value(f"{100 * release['stem']:.3g}")


def test_coming_back_to_the_start_is_a_release_too(shown: Any) -> None:
    shown.grab("stem", 0.5)
    box = shown.slider("stem").bounding_box()
    shown.page.mouse.move(box["x"], box["y"] + 10, steps=8)
    shown.page.mouse.up()
    assert shown.last("release")["ratios"] == {"stem": 0}


def test_figures_that_come_in_do_not_take_a_slider_out_of_the_hand(shown: Any) -> None:
    shown.grab("stem", 0.3)
    rows = shown.page.evaluate("model.get('rows')")
    shown.mounted.set("rows", [{**row, "latency_share": 0.25} for row in rows])
    expect(shown.row("stem").locator(".pw-time")).to_contain_text("25 %")
    box = shown.slider("stem").bounding_box()
    shown.page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 10, steps=4)
    shown.page.mouse.up()
    assert shown.last("release")["ratios"]["stem"] == pytest.approx(0.8, abs=0.03)
    expect(shown.slider("stem")).to_be_focused()


def test_a_row_in_the_hand_ignores_the_kernel_and_others_do_not(shown: Any) -> None:
    shown.grab("stem", 0.5)
    held = shown.slider("stem").input_value()
    shown.mounted.receive(
        {"type": "units", "changes": {"stem": {"ratio": 0.1}, EVIL: {"ratio": 0.7}}}
    )
    expect(shown.number(EVIL)).to_have_value("70")
    assert shown.slider("stem").input_value() == held
    shown.page.mouse.up()


def test_after_letting_go_the_kernel_has_the_last_word(shown: Any) -> None:
    shown.grab("stem", 0.5)
    shown.page.mouse.up()
    shown.last("release")
    shown.mounted.receive({"type": "units", "changes": {"stem": {"ratio": 0.25}}})
    expect(shown.number("stem")).to_have_value("25")


def test_what_is_removed_cannot_be_entered(shown: Any) -> None:
    shown.grab("stage.0.conv1", 0.0)
    shown.page.mouse.up()
    assert shown.last("release")["ratios"] == {"stage.0.conv1": 0.3}
    shown.number("stage.0.conv1").fill("10")
    shown.number("stage.0.conv1").press("Enter")
    expect(shown.page.locator(".pw-status")).to_contain_text(
        "30 % of this layer is already removed"
    )
    expect(shown.number("stage.0.conv1")).to_have_value("30")


def test_a_number_typed_is_a_release(shown: Any) -> None:
    shown.number("stem").fill("37.5")
    shown.number("stem").press("Enter")
    assert shown.last("release")["ratios"] == {"stem": 0.375}
    expect(shown.slider("stem")).to_have_attribute("aria-valuetext", "37.5 percent")


@pytest.mark.parametrize("text", ["100", "-1", ""])
def test_a_number_out_of_range_is_refused_in_words(shown: Any, text: str) -> None:
    shown.number("stem").fill(text)
    shown.number("stem").press("Enter")
    expect(shown.page.locator(".pw-status")).to_have_text(
        "A pruning ratio is at least 0 % and below 100 %"
    )
    expect(shown.number("stem")).to_have_value("0")
    assert "release" not in {message["type"] for message in shown.mounted.sent}


def test_an_update_leaves_a_number_being_typed_alone(shown: Any) -> None:
    shown.number("stem").fill("12")
    shown.mounted.receive({"type": "units", "changes": {"stem": {"ratio": 0.8}}})
    expect(shown.number("stem")).to_have_value("12")
    shown.number("stem").press("Escape")
    expect(shown.number("stem")).to_have_value("80")


@pytest.mark.parametrize(
    ("key", "ratio"),
    [("ArrowRight", 0.51), ("ArrowDown", 0.49), ("PageUp", 0.6), ("PageDown", 0.4), ("End", 0.99)],
)
def test_keys_move_a_slider_and_lifting_them_releases(shown: Any, key: str, ratio: float) -> None:
    shown.slider("stage.0.conv1").press(key)
    assert shown.last("release")["ratios"] == {"stage.0.conv1": ratio}


def test_locked_rows_do_not_move_and_unlock_on_request(shown: Any) -> None:
    expect(shown.slider("stage.0.conv2")).to_be_disabled()
    expect(shown.lock("stage.0.conv2")).to_have_attribute("aria-pressed", "true")
    shown.lock("stage.0.conv2").click()
    assert shown.last("lock") == {"type": "lock", "unit": "stage.0.conv2", "locked": False}
    shown.mounted.receive({"type": "units", "changes": {"stage.0.conv2": {"locked": False}}})
    expect(shown.slider("stage.0.conv2")).to_be_enabled()


def test_a_reason_disables_every_control_and_is_read(shown: Any) -> None:
    shown.mounted.set("disabled_reason", "Fine-tuning is running")
    for control in shown.page.locator("[data-testid^=pw-]:is(input, button)").all():
        expect(control).to_be_disabled()
        expect(control).to_have_attribute("title", "Fine-tuning is running")
    expect(shown.page.locator(".pw-status")).to_have_text("Fine-tuning is running")
    shown.mounted.set("disabled_reason", "")
    expect(shown.slider("stem")).to_be_enabled()
    expect(shown.slider("stage.0.conv2")).to_be_disabled()


def test_a_drag_ends_when_the_table_is_disabled(shown: Any) -> None:
    shown.grab("stem", 0.5)
    shown.mounted.set("disabled_reason", "Fine-tuning is running")
    shown.page.mouse.up()
    expect(shown.number("stem")).to_have_value("0")
    assert "release" not in {message["type"] for message in shown.mounted.sent}


MOVE_AROUND = """([unit, foreseen]) => {
    const hand = pwHands.get(model.get("hand"));
    hand.foreseen = foreseen;
    const slider = document.querySelector(`[data-unit='${unit}'] .pw-slider`);
    return new Promise((done) => {
        const moves = setInterval(() => {
            slider.value = 0.2 + (Number(slider.value) + 0.07) % 0.5;
            slider.dispatchEvent(new Event("input", { bubbles: true }));
        }, 10);
        setTimeout(() => {
            clearInterval(moves);
            done([model.sent.filter(({ type }) => type === "drag").length, hand.held.get(unit)]);
        }, 600);
    });
}"""


def test_the_kernel_is_told_less_often_where_the_page_knows_what_a_move_leads_to(
    shown: Any,
) -> None:
    foreseen, held = shown.page.evaluate(MOVE_AROUND, ["stem", "stem"])
    assert held["ratio"] == float(shown.slider("stem").input_value()), "others can follow it"
    assert 1 <= foreseen <= 5
    both, _ = shown.page.evaluate(MOVE_AROUND, ["stem", "another"])
    assert both - foreseen > 2 * foreseen
