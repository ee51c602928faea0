"""The probe images whose prediction the plan changes, as the panel writes them."""

import io
import re

import numpy as np
import pytest
import torch
from PIL import Image

from widgets.panels.flips import MOST_SHOWN, FlipsPanel, flips_html, why_none
from widgets.png import png_bytes
from workbench import Plan, Session
from workbench.measure.accuracy import Evaluation
from workbench.measure.flips import Flips

CLASSES = ("cat", "<b>dog</b>", "emu")


def flips(labels: list[int], before: list[int], after: list[int]) -> Flips:
    old, new = (
        Evaluation(0.5, 1.0, len(each), torch.tensor(each), *torch.zeros(2, len(each)))
        for each in (before, after)
    )
    return Flips.between(np.array(labels), old, new)


def drawn(count: int) -> np.ndarray:
    return np.arange(count * 48, dtype=np.uint8).reshape(count, 4, 4, 3)


def test_a_png_holds_exactly_the_pixels() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png_bytes(pixels)))), pixels)


def test_tiles_come_by_kind_with_before_and_after() -> None:
    html = flips_html(flips([0, 0, 2], [0, 2, 1], [2, 0, 0]), CLASSES, drawn(3))
    order = ["Right before, wrong now (1)", "cat → emu", "Wrong before, right now (1)", "emu → cat"]
    order += ["Wrong before, wrong otherwise (1)", "is emu"]
    places = [html.index(words) for words in order]
    assert places == sorted(places)
    assert html.count('role="img"') == 3 and html.count("data:image/png") == 1
    assert 'aria-label="Probe image 0, class cat: predicted cat before, emu with the plan"' in html


def test_class_names_are_shown_literally() -> None:
    html = flips_html(flips([0], [0], [1]), CLASSES, drawn(1))
    assert "<b>dog" not in html and "cat → &lt;b&gt;dog&lt;/b&gt;" in html


def test_a_class_that_the_data_does_not_have_is_numbered() -> None:
    assert "cat → class 7" in flips_html(flips([0], [0], [7]), CLASSES, drawn(1))


def test_only_some_are_shown_and_the_others_counted() -> None:
    many = flips([0] * 40, [0] * 40, [1] * 40)
    html = flips_html(many, CLASSES, drawn(MOST_SHOWN))
    assert html.count('role="img"') == MOST_SHOWN
    assert f"and {40 - MOST_SHOWN} more" in html and "wrong now (40)" in html


def test_what_is_no_image_is_counted() -> None:
    html = flips_html(flips([0, 0], [0, 2], [2, 0]), CLASSES, None)
    assert re.findall(r"<li>(.*?)</li>", html) == [
        "Right before, wrong now: 1",
        "Wrong before, right now: 1",
    ]


@pytest.fixture
def panel(session: Session) -> FlipsPanel:
    return FlipsPanel(session)


def test_the_panel_says_why_there_is_nothing(session: Session, panel: FlipsPanel) -> None:
    assert "the plan changes nothing yet" in panel._words.value
    session.plan = Plan(ratio=0.5)
    panel.update()
    assert "being measured" in panel._words.value


def test_pictures_stay_until_the_next_plan_is_measured(digits: Session) -> None:
    session, panel = digits, FlipsPanel(digits)
    session.plan = Plan(ratio=0.75)
    session.preview()
    panel.update()
    count = len(session.flipped or ())
    assert panel._pictures.value.count('role="img"') == min(count, MOST_SHOWN) > 0
    assert panel._words.value.startswith(f"{count} of ")
    session.plan = Plan(ratio=0.5)
    panel.update()
    assert 'role="img"' in panel._pictures.value
    assert "pw-stale" in panel._pictures._dom_classes
    session.plan = Plan()
    panel.update()
    assert panel._pictures.value == "" and "pw-stale" not in panel._pictures._dom_classes


def test_no_change_is_said_in_words(session: Session) -> None:
    nothing = flips([0, 1], [0, 1], [0, 1])
    assert why_none(session, nothing) == "No prediction changes, on all 2 probe images."
    assert flips_html(nothing, CLASSES, None) == ""
