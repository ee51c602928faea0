"""What arrives of a master slider, and how it behaves in a browser."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from widgets.intents import Intent
from widgets.master_slider import MasterSlider

LABELS = [f"keeps {100 - 10 * position} %" for position in range(10)]
MOVE = {"type": "move", "position": 3, "version": 1, "stamp": 7}


@pytest.fixture
def heard() -> list[Intent]:
    return []


@pytest.fixture
def slider(heard: list[Intent]) -> MasterSlider:
    slider = MasterSlider(heard.append)
    slider.load(LABELS, ("100 %", "10 %"))
    return slider


def test_a_move_along_the_present_trade_off_is_an_intent(
    slider: MasterSlider, heard: list[Intent]
) -> None:
    slider._handle_custom_msg(MOVE, [])
    slider.load(LABELS[:5], ("100 %", "60 %"))
    slider._handle_custom_msg(MOVE, [])  # of the one before
    assert heard == [MOVE]


@pytest.mark.parametrize(
    "change", [{"position": 10}, {"position": -1}, {"position": "3"}, {"type": "drop"}]
)
def test_what_does_not_check_out_is_dropped(
    slider: MasterSlider, heard: list[Intent], change: dict[str, Any]
) -> None:
    slider._handle_custom_msg({**MOVE, **change}, [])
    assert heard == []


@pytest.fixture
def thumb(mount: Callable[..., Any], slider: MasterSlider) -> Locator:
    locator: Locator = mount(slider).page.get_by_test_id("pw-master")
    return locator


def grab(thumb: Locator, start: float, stop: float) -> None:
    box = thumb.bounding_box()
    assert box is not None
    x, y, width = box["x"] + 8, box["y"] + box["height"] / 2, box["width"] - 16
    thumb.page.mouse.move(x + start * width, y)
    thumb.page.mouse.down()
    thumb.page.mouse.move(x + stop * width, y, steps=5)


def sent(thumb: Locator) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = thumb.page.evaluate("model.sent")
    return messages


def test_dragging_moves_and_letting_go_releases_once(thumb: Locator) -> None:
    grab(thumb, 0, 0.5)
    thumb.page.wait_for_function("model.sent.length > 0")
    text = thumb.page.get_by_test_id("pw-master-text")
    expect(text).to_have_text(LABELS[int(thumb.input_value())])
    thumb.page.mouse.up()
    thumb.page.wait_for_function("model.sent.at(-1).type === 'release'")
    kinds = [message["type"] for message in sent(thumb)]
    assert kinds.count("release") == 1 and set(kinds[:-1]) <= {"move"}
    stamps = [message["stamp"] for message in sent(thumb)]
    assert stamps == sorted(set(stamps))
    assert 4 <= sent(thumb)[-1]["position"] <= 5


def test_what_the_kernel_says_of_an_earlier_move_does_not_move_the_thumb(thumb: Locator) -> None:
    page = thumb.page
    grab(thumb, 0, 0.5)
    page.wait_for_function("model.sent.length > 0")
    early = sent(thumb)[0]["stamp"]
    page.evaluate("stamp => { model.set('position', 1); model.set('stamp', stamp); }", early)
    assert int(thumb.input_value()) >= 4
    page.mouse.up()
    page.wait_for_function("model.sent.at(-1).type === 'release'")
    page.evaluate("model.set('position', 2)")
    assert int(thumb.input_value()) >= 4
    page.evaluate("model.set('stamp', model.sent.at(-1).stamp)")
    expect(thumb).to_have_value("2")


def test_arrow_keys_go_to_the_next_point_and_release(thumb: Locator) -> None:
    thumb.focus()
    thumb.press("ArrowRight")
    thumb.page.wait_for_function("model.sent.at(-1)?.type === 'release'")
    assert sent(thumb)[-1]["position"] == 1
    expect(thumb).to_have_attribute("aria-valuetext", LABELS[1])


def test_a_disabled_slider_says_why(thumb: Locator) -> None:
    thumb.page.evaluate("model.set('disabled_reason', 'a step is being made')")
    expect(thumb).to_be_disabled()
    expect(thumb.page.locator(".pw-master-line")).to_have_attribute("title", "a step is being made")
