"""The view of channels in a real browser, without a kernel: what hands do to cards."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, expect

from widgets.channel_atlas import drawn
from widgets.channel_view import ChannelView
from workbench.channels import ChannelReport, Importances, ProbeImage, Responses, WeightPictures

pytestmark = pytest.mark.browser

EVIL = "<img src=x onerror=alert(1)>"


def report(size: int, gone: tuple[int, ...] = ()) -> ChannelReport:
    random = np.random.default_rng(0)
    alive = np.ones(size, bool)
    alive[list(gone)] = False
    ranks = np.stack([np.linspace(1, 0, size), np.linspace(0, 1, size)]).astype(np.float32)
    ranks[:, ~alive] = np.nan
    images = tuple(
        ProbeImage(n, n % 3, random.integers(0, 255, (8, 8, 3), np.uint8)) for n in range(6)
    )
    neighbours = np.roll(np.arange(size, dtype=np.int32), -1)
    return ChannelReport(
        unit=EVIL,
        layer=EVIL,
        size=size,
        alive=alive,
        weights=WeightPictures("magnitude", random.integers(0, 255, (size, 3, 3, 1), np.uint8), 1),
        responses=Responses(
            images,
            random.integers(0, 255, (size, 6, 5, 7), np.uint8),
            random.normal(size=(size, 3)).astype(np.float32),
            neighbours,
            np.linspace(0.1, 0.9, size, dtype=np.float32),
            60,
        ),
        importances=Importances(("l1", "bn_scale"), ranks, np.array([[1, -1], [-1, 1.0]])),
        notes=("a note",),
    )


def view_of(size: int, gone: tuple[int, ...] = ()) -> ChannelView:
    view = ChannelView(print)
    view.criterion = "l1"
    view.summary = f"{size} channels"
    states = ["gone" if n in gone else "kept" for n in range(size)]
    view.show(*drawn(report(size, gone), ("cat", EVIL, "dog")), states)
    return view


class Cards:
    """Cards of a mounted view by their channel."""

    def __init__(self, mounted: Any) -> None:
        self.page, self.mounted = mounted.page, mounted

    def card(self, channel: int) -> Locator:
        return self.page.locator(f"[data-channel='{channel}']")

    def chosen(self) -> list[int]:
        cards = self.page.locator("[aria-selected=true]")
        return sorted(int(card.get_attribute("data-channel")) for card in cards.all())

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def order(self) -> list[int]:
        cards = self.page.locator("[data-channel]")
        places = {
            int(card.get_attribute("aria-posinset")): int(card.get_attribute("data-channel"))
            for card in cards.all()
        }
        return [places[place] for place in sorted(places)]


@pytest.fixture
def cards(mount: Callable[..., Any]) -> Cards:
    return Cards(mount(view_of(12, gone=(7,))))


@pytest.fixture
def many(mount: Callable[..., Any]) -> Cards:
    return Cards(mount(view_of(512)))


def test_foreign_names_are_shown_as_they_are(cards: Cards) -> None:
    expect(cards.page.locator(".pw-channel-title")).to_contain_text(EVIL)
    expect(cards.page.locator("img")).to_have_count(0)
    expect(cards.page.locator(".pw-channel-notes")).to_contain_text("A note.")


def test_every_card_and_control_has_a_name(cards: Cards) -> None:
    expect(cards.card(3)).to_have_attribute(
        "aria-label",
        "Channel 3, kept by the plan, Magnitude (L1) 73 of 100, "
        "Batch-norm scale (slimming) 27 of 100, most like channel 4, correlation 0.32",
    )
    expect(cards.card(7)).to_have_attribute("aria-label", "Channel 7, gone already")
    for control in cards.page.locator("button:visible, select:visible").all():
        assert control.evaluate("e => (e.getAttribute('aria-label') || e.textContent).trim()")


def test_pictures_are_drawn(cards: Cards) -> None:
    colours = (
        cards.card(3)
        .locator(".pw-channel-pictures")
        .evaluate(
            """canvas => {
                const row = canvas.getContext('2d').getImageData(0, 9, canvas.width, 1).data;
                const pixel = (_, x) => row.slice(4 * x, 4 * x + 4).join();
                return new Set(Array.from({length: canvas.width}, pixel)).size;
            }"""
        )
    )
    assert colours > 8


def test_keys_keep_remove_and_release_the_active_channel(cards: Cards) -> None:
    cards.card(2).click()
    for key, kind in (
        ("k", "keep"),
        ("R", "remove"),
        ("Delete", "release"),
        ("Backspace", "release"),
    ):
        cards.press(key)
        cards.mounted.wait_for({"type": kind, "unit": EVIL, "channels": [2]})


def test_arrows_walk_and_shift_extends(cards: Cards) -> None:
    cards.card(0).click()
    cards.press("ArrowRight", "ArrowRight")
    assert cards.chosen() == [2]
    expect(cards.card(2)).to_be_focused()
    cards.press("Shift+ArrowRight", "Shift+ArrowRight", "r")
    cards.mounted.wait_for({"type": "remove", "unit": EVIL, "channels": [2, 3, 4]})
    cards.press("End")
    assert cards.chosen() == [11]
    cards.press("Home", "ArrowLeft")
    assert cards.chosen() == [0]


def test_one_card_at_a_time_is_a_tab_stop(cards: Cards) -> None:
    cards.card(4).click()
    expect(cards.page.locator("[data-channel][tabindex='0']")).to_have_count(1)
    expect(cards.card(4)).to_have_attribute("tabindex", "0")


def test_shift_click_takes_a_range_and_control_click_adds(cards: Cards) -> None:
    cards.card(1).click()
    cards.card(4).click(modifiers=["Shift"])
    assert cards.chosen() == [1, 2, 3, 4]
    cards.card(0).click(modifiers=["Control"])
    cards.card(3).click(modifiers=["Control"])
    assert cards.chosen() == [0, 1, 2, 4]
    expect(cards.page.locator(".pw-channel-count")).to_have_text("4 chosen")


def test_dragging_brushes_over_cards(cards: Cards) -> None:
    cards.card(0).hover()
    cards.page.mouse.down()
    cards.card(2).hover()
    cards.page.mouse.up()
    assert cards.chosen() == [0, 1, 2]
    cards.card(4).hover()
    assert cards.chosen() == [0, 1, 2]
    cards.page.get_by_test_id("pw-channel-keep").click()
    cards.mounted.wait_for({"type": "keep", "unit": EVIL, "channels": [0, 1, 2]})


def test_changed_states_are_shown_in_words(cards: Cards) -> None:
    cards.mounted.receive(
        {
            "type": "states",
            "unit": EVIL,
            "changes": {"removed-by-hand": [1], "kept-by-hand": [2], "goes": [3], "stays": [4]},
        }
    )
    for channel, words in ((1, "✕ by hand"), (2, "✓ by hand"), (3, "goes"), (4, "✕ stays")):
        expect(cards.card(channel).locator(".pw-channel-state")).to_have_text(words)
    expect(cards.card(7).locator(".pw-channel-state")).to_have_text("gone")


def test_states_of_another_unit_are_ignored(cards: Cards) -> None:
    cards.mounted.receive({"type": "states", "unit": "other", "changes": {"goes": [1]}})
    expect(cards.card(1)).to_have_attribute("data-state", "kept")


@pytest.mark.parametrize(
    ("key", "first", "last"),
    [("number", 0, 11), ("rank:l1", 11, 7), ("rank:bn_scale", 0, 7), ("correlation", 11, 7)],
)
def test_cards_are_sorted_and_gone_ones_come_last(
    cards: Cards, key: str, first: int, last: int
) -> None:
    cards.page.locator(".pw-channel-sort").select_option(key)
    order = cards.order()
    assert (order[0], order[-1]) == (first, last)


def test_the_order_can_be_reversed(cards: Cards) -> None:
    cards.page.locator(".pw-channel-turn").click()
    assert cards.order() == list(range(11, -1, -1))


def test_maps_of_one_class_can_be_chosen(cards: Cards) -> None:
    cards.page.locator(".pw-channel-images").select_option(EVIL)
    title = cards.card(0).locator(".pw-channel-pictures").get_attribute("title")
    assert title.endswith(f"Responses to images of {EVIL}, {EVIL}")


def test_a_reason_turns_picking_off_and_is_said(cards: Cards) -> None:
    cards.mounted.set("disabled_reason", "a step is being made")
    button = cards.page.get_by_test_id("pw-channel-remove")
    expect(button).to_be_disabled()
    expect(button).to_have_attribute("title", "Not now: a step is being made.")
    cards.card(2).click()
    cards.press("r")
    assert cards.mounted.sent == []


def test_progress_can_be_cancelled_and_failures_tried_again(cards: Cards) -> None:
    cards.mounted.set("notice", {"text": "Looking … 40 %", "kind": "progress"})
    expect(cards.page.locator(".pw-channel-notice")).to_contain_text("40 %")
    cards.page.get_by_text("Cancel").click()
    cards.mounted.wait_for({"type": "cancel"})
    cards.mounted.set("notice", {"text": "It failed", "kind": "error"})
    cards.page.get_by_text("Look again").click()
    cards.mounted.wait_for({"type": "look"})


def test_only_cards_in_sight_exist(many: Cards) -> None:
    everything = many.page.locator("[data-channel]")
    assert 0 < everything.count() < 60
    many.card(0).click()
    many.press("End")
    expect(many.card(511)).to_be_focused()
    expect(many.card(511)).to_be_in_viewport()
    expect(many.card(0)).to_have_count(0)
    assert everything.count() < 60
    many.press("Shift+Home", "k")
    many.mounted.wait_for({"type": "keep", "unit": EVIL, "channels": list(range(512))})


def test_another_unit_starts_at_its_first_channel(many: Cards) -> None:
    many.card(0).click()
    many.press("End")
    many.page.evaluate(
        "model.set('described', {...model.get('described'), unit: 'other', size: 512})"
    )
    expect(many.card(0)).to_be_visible()
    assert many.chosen() == [0]
