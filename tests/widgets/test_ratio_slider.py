"""What arrives of a slider for one pruning ratio, and how it behaves in a browser."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from widgets.intents import Intent
from widgets.ratio_slider import RatioSlider

MOVE = {"type": "move", "ratio": 0.3, "stamp": 7}


@pytest.fixture
def heard() -> list[Intent]:
    return []


@pytest.fixture
def slider(heard: list[Intent]) -> RatioSlider:
    return RatioSlider("One ratio", heard.append)


def test_a_move_is_an_intent(slider: RatioSlider, heard: list[Intent]) -> None:
    slider._handle_custom_msg(MOVE, [])
    assert heard == [MOVE]


@pytest.mark.parametrize(
    "change",
    [{"ratio": 1.0}, {"ratio": -0.1}, {"ratio": "0.3"}, {"ratio": float("nan")}, {"stamp": 0.5}],
)
def test_what_does_not_check_out_is_dropped(
    slider: RatioSlider, heard: list[Intent], change: dict[str, Any]
) -> None:
    slider._handle_custom_msg({**MOVE, **change}, [])
    assert heard == []


@pytest.fixture
def thumb(mount: Callable[..., Any], slider: RatioSlider) -> Locator:
    locator: Locator = mount(slider).page.get_by_test_id("pw-all-ratio")
    return locator


def sent(thumb: Locator) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = thumb.page.evaluate("model.sent")
    return messages


@pytest.mark.parametrize(("ratio", "text"), [(0.4, "40"), (0.35, "35"), (1 / 3, "33.3")])
def test_what_the_kernel_shows_is_not_sent_back(thumb: Locator, ratio: float, text: str) -> None:
    thumb.page.evaluate("ratio => model.set('ratio', ratio)", ratio)
    expect(thumb.page.get_by_test_id("pw-all-percent")).to_have_value(text)
    thumb.page.evaluate("() => new Promise(done => setTimeout(done, 100))")
    assert sent(thumb) == []


def test_arrow_keys_move_by_one_percent_and_release(thumb: Locator) -> None:
    thumb.page.evaluate("model.set('ratio', 0.4)")
    thumb.press("ArrowRight")
    thumb.page.wait_for_function("model.sent.at(-1)?.type === 'release'")
    assert sent(thumb)[-1]["ratio"] == pytest.approx(0.41)
    expect(thumb).to_have_attribute("aria-valuetext", "41 percent")


def test_an_entered_number_is_taken_as_it_is(thumb: Locator) -> None:
    number = thumb.page.get_by_test_id("pw-all-percent")
    number.fill("33.3")
    number.press("Enter")
    thumb.page.wait_for_function("model.sent.length > 0")
    messages = sent(thumb)
    assert [message["type"] for message in messages] == ["release"]
    assert messages[0]["ratio"] == pytest.approx(0.333)


@pytest.mark.parametrize("typed", ["", "100", "-1"])
def test_a_number_that_is_no_ratio_is_put_back(thumb: Locator, typed: str) -> None:
    thumb.page.evaluate("model.set('ratio', 0.4)")
    number = thumb.page.get_by_test_id("pw-all-percent")
    number.fill(typed)
    number.press("Enter")
    expect(number).to_have_value("40")
    assert sent(thumb) == []


def test_what_the_kernel_says_of_an_earlier_move_does_not_move_the_thumb(thumb: Locator) -> None:
    thumb.press("ArrowRight")
    thumb.page.wait_for_function("model.sent.at(-1)?.type === 'release'")
    thumb.page.evaluate("model.set('ratio', 0.5)")
    expect(thumb).to_have_value("1")
    thumb.page.evaluate("model.set('stamp', model.sent.at(-1).stamp)")
    expect(thumb).to_have_value("50")


def test_a_disabled_slider_says_why(thumb: Locator) -> None:
    thumb.page.evaluate("model.set('disabled_reason', 'a step is being made')")
    expect(thumb).to_be_disabled()
    expect(thumb.page.locator(".pw-ratio-slider")).to_have_attribute(
        "title", "One ratio. Not now: a step is being made."
    )
