"""What a slider leads to is on the screen before the kernel has answered."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from running_lab import Kernel, Lab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
UNIT = "block2.conv1"
TOLD = "() => [...pwHands.values()].some(({ listeners }) => listeners.size >= 2)"
LINES = """() => Bokeh.documents.flatMap((d) => [...d._all_models.values()])
    .filter((model) => model.type === "Span" && model.visible).map(({ location }) => location)"""


@contextmanager
def standing_still(process: int) -> Iterator[None]:
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def planned(page: Page) -> list[str]:
    """What is planned, as counted."""
    cells = page.locator("[data-column=planned].pw-exact .pw-text")
    return cells.all_inner_texts()


def test_board_and_charts_follow_a_slider_while_the_kernel_stands_still(
    lab: Lab, open_page: Callable[..., Page], kernel: Callable[[], Kernel]
) -> None:
    shutil.copy(NOTEBOOKS / "workbench.ipynb", lab.root / "ahead.ipynb")
    page = open_page("ahead.ipynb", height=1600)
    session = kernel()
    session.run("_ = session.estimate_sensitivity()", timeout_s=120)
    page.locator(f"[data-unit='{UNIT}']").click()
    page.wait_for_function(TOLD)
    slider = page.locator(f"[data-unit='{UNIT}']").get_by_test_id("pw-slider")
    box = slider.bounding_box()
    assert box is not None
    left, width, y = box["x"] + 7, box["width"] - 14, box["y"] + box["height"] / 2
    page.mouse.move(left, y)
    page.mouse.down()
    with standing_still(session.value("__import__('os').getpid()")):
        page.mouse.move(left + 0.5 * width, y)
        ratio = float(slider.input_value())
        assert 0.4 < ratio < 0.6
        page.wait_for_function(
            f"(ratio) => ({LINES})().some((at) => Math.abs(at - ratio) < 1e-6)", arg=ratio
        )
        foreseen, lines = planned(page), page.evaluate(LINES)
    page.mouse.up()
    expect(page.locator("[data-metric=accuracy] .pw-kind")).to_have_text("●")
    assert session.value(f"session.plan.ratios['{UNIT}']") == ratio
    assert len(foreseen) >= 2 and foreseen == planned(page)
    assert sorted(lines) == sorted(page.evaluate(LINES))
