"""The layer table in a real browser, without a kernel: tracks coloured by measured accuracy."""

from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

CLIFF = [[0.0, 0.9], [0.3, 0.9], [0.6, 0.0]]


def scan(shown: Any, unit: str = "stem") -> None:
    change = {"cliff": CLIFF, "ratio": 0.0}
    shown.mounted.receive({"type": "units", "changes": {unit: change}})


def track(shown: Any, unit: str) -> str:
    image: str = (
        shown.row(unit)
        .locator(".pw-track")
        .evaluate("element => getComputedStyle(element).backgroundImage")
    )
    return image


def test_a_scanned_row_is_coloured_from_kept_to_lost(shown: Any) -> None:
    assert track(shown, "stem") == "none"
    scan(shown)
    assert track(shown, "stem") == (
        "linear-gradient(to right, rgb(0, 114, 178) 0%, rgb(0, 114, 178) 30.3%, "
        "rgb(213, 94, 0) 60.6%)"
    )
    assert track(shown, "stage.0.conv1") == "none"


def test_colours_go_when_the_figures_no_longer_hold(shown: Any) -> None:
    scan(shown)
    shown.mounted.receive({"type": "units", "changes": {"stem": {"cliff": []}}})
    assert track(shown, "stem") == "none"


def test_a_slider_says_what_its_colour_means(shown: Any) -> None:
    scan(shown)
    shown.slider("stem").fill("0.45")
    expect(shown.slider("stem")).to_have_attribute(
        "aria-valuetext", "45 percent, alone: about 45 % accuracy on the probe set"
    )


def test_the_legend_is_there_only_with_colours(shown: Any) -> None:
    legend = shown.page.locator(".pw-legend")
    expect(legend).to_be_hidden()
    scan(shown)
    expect(legend).to_be_visible()
    expect(legend).to_contain_text("accuracy kept")
