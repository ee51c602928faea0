"""The view of a comparison in a real browser, without a kernel."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from widgets.comparison_rows import Described
from widgets.comparison_view import ComparisonView

pytestmark = pytest.mark.browser

EVIL = "<img src=x onerror=alert(1)>"


def described(layers: int = 3, masked: bool = False) -> Described:
    """Layer n keeps 10 - n of 10 in A; in B the last keeps least and the first half of it."""
    counts = [[10, 10 - n % 10, 10 if n else 5] for n in range(layers)]
    whole = [10, 10, 10]
    return {
        "first": 1,
        "second": 3,
        "first_title": EVIL,
        "second_title": "fine-tuned 1 epoch",
        "ways": [f"From A to B: {EVIL}."],
        "settings": [["plan.ratio", "0.5", EVIL]],
        "more_settings": 4,
        "metrics": [
            {
                "label": "size",
                "hint": "bytes",
                "first": "10 kB",
                "second": "5 kB",
                "difference": "−50 %",
                "verdict": "better",
            }
        ],
        "layers": [
            {
                "layer": EVIL if n == 1 else f"conv{n}",
                "kind": "Conv2d",
                "channels": whole if masked else counts[n],
                "weights": counts[n],
            }
            for n in range(layers)
        ],
    }


def view_of(described: Described | None, layer: str = "conv0") -> ComparisonView:
    view = ComparisonView(print)
    view.show(described, layer)
    return view


def names(page: Any) -> list[str]:
    found: list[str] = page.locator(".pw-layer-name").all_inner_texts()
    return found


def test_foreign_names_are_shown_as_they_are(mount: Callable[..., Any]) -> None:
    page = mount(view_of(described())).page
    expect(page.locator("[data-pair='1,3'] .pw-side-a")).to_contain_text(f"step 1 · {EVIL}")
    expect(page.locator(".pw-ways")).to_contain_text(EVIL)
    expect(page.locator(".pw-settings")).to_contain_text(EVIL)
    expect(page.locator(".pw-settings")).to_contain_text("and 4 more")
    assert EVIL in names(page)
    expect(page.locator("img")).to_have_count(0)


def test_figures_stand_beside_each_other(mount: Callable[..., Any]) -> None:
    page = mount(view_of(described())).page
    cells = page.locator(".pw-metrics [data-metric=size] td").all_inner_texts()
    assert cells == ["10 kB", "5 kB", "−50 %"]
    expect(page.locator(".pw-better")).to_have_count(1)


def test_layers_can_be_sorted_by_what_was_kept(mount: Callable[..., Any]) -> None:
    page = mount(view_of(described())).page
    order = page.get_by_label("Order of the layers")
    assert names(page) == ["conv0", EVIL, "conv2"]
    order.select_option("largest difference")
    assert names(page) == ["conv0", "conv2", EVIL]
    order.select_option("least kept by A")
    assert names(page) == ["conv2", EVIL, "conv0"]
    order.select_option("least kept by B")
    assert names(page) == ["conv0", EVIL, "conv2"]


def test_weights_are_counted_where_only_weights_went(mount: Callable[..., Any]) -> None:
    mounted = mount(view_of(described(masked=True)))
    measure = mounted.page.get_by_label("What is counted in each layer")
    expect(measure).to_have_value("weights")
    measure.select_option("channels")
    bars = mounted.page.locator("[data-layer=conv0] .pw-bar-text")
    assert bars.all_inner_texts() == ["100 % · 10", "100 % · 10"]
    mounted.set("described", described())
    expect(measure).to_have_value("channels")
    assert bars.all_inner_texts() == ["100 % · 10", "50 % · 5"]


def test_a_layer_is_chosen_by_mouse_and_by_keyboard(mount: Callable[..., Any]) -> None:
    mounted = mount(view_of(described()))
    mounted.page.locator("[data-layer=conv2]").click()
    mounted.wait_for({"type": "layer", "layer": "conv2"})
    mounted.set("layer", "conv2")
    chosen = mounted.page.locator("[data-layer=conv2]")
    expect(chosen).to_have_attribute("aria-pressed", "true")
    expect(chosen).to_be_focused()
    mounted.page.keyboard.press("Home")
    mounted.wait_for({"type": "layer", "layer": "conv0"})
    expect(mounted.page.locator("[data-layer=conv0]")).to_have_attribute(
        "aria-label", "conv0: A keeps 10 and B 5 of 10 channels"
    )


def test_many_layers_scroll(mount: Callable[..., Any]) -> None:
    page = mount(view_of(described(160))).page
    expect(page.locator(".pw-layer")).to_have_count(160)
    page.locator("[data-layer=conv0]").focus()
    page.keyboard.press("End")
    expect(page.locator("[data-layer=conv159]")).to_be_in_viewport()
    assert page.evaluate("window.scrollY") == 0


def test_one_step_alone_says_what_is_missing(mount: Callable[..., Any]) -> None:
    mounted = mount(view_of(None, ""))
    expect(
        mounted.page.get_by_text("There is one step so far; two can be compared.")
    ).to_be_visible()
    expect(mounted.page.locator("table:visible")).to_have_count(0)
    mounted.set("described", described())
    expect(mounted.page.locator(".pw-metrics")).to_be_visible()
