"""The score board in a real browser, without a kernel."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from widgets.score_board import ScoreBoard, ScoreRow

pytestmark = pytest.mark.browser


def score(metric: str = "accuracy", **changes: Any) -> ScoreRow:
    values: dict[str, Any] = {
        "metric": metric,
        "label": metric.capitalize(),
        "better": "higher",
        "unit": "%",
        "dense": "99.4 %",
        "now": "99.4 %",
        "planned": "98.9 %",
        "planned_kind": "predicted",
        "target": None,
        "met": None,
        "hint": "",
        "more": False,
    }
    return ScoreRow(**{**values, **changes})


@pytest.fixture
def board(mount: Callable) -> Any:
    rows = [score("accuracy", target=98.0, met=True), score("size", better="lower", unit="MB")]
    return mount(ScoreBoard(print, rows))


def cell(board: Any, metric: str, column: str) -> Locator:
    found: Locator = board.page.locator(f"[data-metric={metric}] [data-column={column}]")
    return found


def target(board: Any, metric: str) -> Locator:
    return cell(board, metric, "target").locator("input")


def test_values_stand_under_their_columns(board: Any) -> None:
    expect(board.page.get_by_test_id("pw-score-board")).to_be_visible()
    expect(cell(board, "accuracy", "dense")).to_have_text("99.4 %")
    expect(cell(board, "accuracy", "planned").locator(".pw-text")).to_have_text("98.9 %")


@pytest.mark.parametrize(
    ("kind", "sign", "style"),
    [("predicted", "○", "italic"), ("measured", "●", "normal"), ("exact", "=", "normal")],
)
def test_predictions_do_not_look_like_measurements(
    board: Any, kind: str, sign: str, style: str
) -> None:
    board.set("rows", [score(planned_kind=kind)])
    planned = cell(board, "accuracy", "planned")
    expect(planned).to_have_attribute("title", kind)
    expect(planned.get_by_role("img", name=kind)).to_have_text(sign)
    expect(planned.locator(".pw-text")).to_have_css("font-style", style)


def test_what_is_missing_and_what_is_being_measured_say_so(board: Any) -> None:
    board.set("rows", [score(now="…", planned="")])
    expect(cell(board, "accuracy", "now")).to_have_text("measuring…")
    expect(cell(board, "accuracy", "planned")).to_have_text("\u2013")


@pytest.mark.parametrize(
    ("met", "mark", "words"), [(True, "✓", "target met"), (False, "✗", "target missed")]
)
def test_the_mark_is_read_as_words(board: Any, met: bool, mark: str, words: str) -> None:
    board.set("rows", [score(target=98.0, met=met)])
    expect(board.page.get_by_role("img", name=words)).to_have_text(mark)


def test_no_mark_without_a_verdict(board: Any) -> None:
    board.set("rows", [score(target=98.0, met=None)])
    expect(board.page.locator(".pw-mark")).to_have_text("")


def test_entering_a_target_sends_it_once(board: Any) -> None:
    target(board, "size").fill("0.5")
    target(board, "size").press("Enter")
    target(board, "size").blur()
    assert board.sent == [{"type": "target", "metric": "size", "value": 0.5}]


def test_emptying_a_target_takes_it_away(board: Any) -> None:
    target(board, "accuracy").fill("")
    target(board, "accuracy").press("Enter")
    assert board.sent == [{"type": "target", "metric": "accuracy", "value": None}]


def test_escape_brings_the_target_back(board: Any) -> None:
    target(board, "accuracy").fill("12")
    target(board, "accuracy").press("Escape")
    expect(target(board, "accuracy")).to_have_value("98")
    target(board, "accuracy").blur()
    assert board.sent == []


def test_a_target_being_typed_survives_updates(board: Any) -> None:
    target(board, "size").fill("0.5")
    board.set("rows", [score("accuracy"), score("size", better="lower", unit="MB", now="…")])
    expect(cell(board, "size", "now")).to_have_text("measuring…")
    expect(target(board, "size")).to_be_focused()
    expect(target(board, "size")).to_have_value("0.5")


def test_a_target_that_was_refused_is_put_back_with_the_next_figures(board: Any) -> None:
    target(board, "accuracy").fill("150")
    target(board, "accuracy").press("Enter")
    target(board, "accuracy").blur()
    rows = board.page.evaluate("model.get('rows')")
    board.set("rows", [*rows[:-1], {**rows[-1], "now": "other"}])
    expect(target(board, "accuracy")).to_have_value("98")


def test_hostile_text_is_shown_as_it_is(board: Any) -> None:
    evil = "<img src=x onerror=alert(1)>"
    board.set("rows", [score(label=evil, now=evil, hint=evil, unit=evil)])
    expect(cell(board, "accuracy", "now")).to_have_text(evil)
    expect(board.page.locator("img")).to_have_count(0)


def test_figures_are_folded_away_until_they_are_asked_for(board: Any) -> None:
    board.set("rows", [score("accuracy"), score("size", more=True), score("macs", more=True)])
    fold = board.page.locator(".pw-fold")
    expect(fold).to_have_text("2 more figures ▾")
    expect(cell(board, "size", "dense")).to_be_hidden()
    fold.click()
    expect(cell(board, "size", "dense")).to_be_visible()
    expect(fold).to_have_attribute("aria-expanded", "true")
    board.set("rows", [score("accuracy"), score("size", more=True), score("macs")])
    expect(cell(board, "size", "dense")).to_be_visible()
    fold.click()
    expect(cell(board, "size", "dense")).to_be_hidden()
    expect(cell(board, "macs", "dense")).to_be_visible()
    board.set("rows", [score("accuracy")])
    expect(fold).to_be_hidden()


@pytest.fixture
def foreseen(mount: Callable) -> Any:
    """A board that was told what the slider of "conv" leads to: 0 % keeps 8, 1 % and more 4."""
    board = ScoreBoard(print, [score("accuracy"), score("size", now="9 kB", planned="8 kB")])
    cells = {
        8: {"size": {"planned": "", "planned_kind": "", "met": None}},
        4: {"size": {"planned": "4 kB", "planned_kind": "exact", "met": True}},
    }
    board.foresee("h", "conv", [8] + [4] * 99, cells)
    return mount(board)


def says(board: Any, text: str) -> None:
    expect(cell(board, "size", "planned").locator(".pw-text")).to_have_text(text)


def test_what_is_planned_follows_the_hand_without_the_kernel(foreseen: Any) -> None:
    says(foreseen, "8 kB")
    foreseen.hold("conv", 0.3)
    says(foreseen, "4 kB")
    expect(cell(foreseen, "accuracy", "planned").locator(".pw-text")).to_have_text("98.9 %")
    foreseen.hold("conv", 0.0)
    says(foreseen, "–")
    foreseen.hold("", 0)
    says(foreseen, "8 kB")


def test_the_kernels_word_counts_once_it_is_about_where_the_hand_is(foreseen: Any) -> None:
    foreseen.hold("conv", 0.3)
    measured = [score("accuracy"), score("size", planned="5 kB", planned_kind="measured")]
    foreseen.set("about", {"unit": "conv", "ratio": 0.29})
    foreseen.set("rows", measured)
    says(foreseen, "4 kB")
    foreseen.set("about", {"unit": "conv", "ratio": 0.3})
    foreseen.set("rows", [*measured[:1], {**measured[1], "planned": "6 kB"}])
    says(foreseen, "6 kB")


@pytest.mark.parametrize("held", [("other", 0.3), ("conv", 0.305)])
def test_what_was_not_foreseen_waits_for_the_kernel(foreseen: Any, held: tuple[str, float]) -> None:
    foreseen.hold(*held)
    says(foreseen, "8 kB")


def test_an_outlook_that_is_taken_back_says_nothing_more(foreseen: Any) -> None:
    foreseen.set("outlook", {})
    assert foreseen.page.evaluate("pwHands.get('h').listeners.size") == 0
    foreseen.hold("conv", 0.3)
    says(foreseen, "8 kB")
