"""The cut of the selected layer is dragged in its chart, and the predictions it costs are shown."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from running_lab import Kernel, Lab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
EDGE = """() => {
    const views = Object.values(window.Bokeh?.index?.roots ?? window.Bokeh?.index ?? {});
    while (views.length) {
        const view = views.pop();
        const { model } = view;
        if (model.type === "BoxAnnotation" && model.editable && model.visible) {
            const plot = view.plot_view.el.getBoundingClientRect();
            return { x: plot.left + view.bbox.right, y: plot.top + view.bbox.vcenter,
                     frame: view.plot_view.frame.bbox.width };
        }
        views.push(...(view.child_views ?? []), ...(view.computed_renderer_views ?? []));
    }
    return null;
}"""


def edge(page: Page) -> dict[str, Any]:
    """Where the edge that can be dragged is on the screen, once it is drawn."""
    page.wait_for_function(EDGE)
    found: dict[str, Any] = page.evaluate(EDGE)
    return found


def test_dragging_the_cut_sets_the_ratio_and_shows_the_images_it_costs(
    lab: Lab, open_page: Callable[..., Page], kernel: Callable[[], Kernel]
) -> None:
    shutil.copy(NOTEBOOKS / "workbench.ipynb", lab.root / "cut.ipynb")
    page = open_page("cut.ipynb", height=1600)
    session = kernel()
    session.run("_ = session.baseline", timeout_s=120)
    unit = page.locator("[data-unit='block2.conv1']")
    unit.click()
    expect(page.locator(".pw-drag-hint")).to_contain_text("Drag the edge")
    expect(page.locator(".pw-flips-words")).to_contain_text("the plan changes nothing yet")

    # What code sets stays exactly as it was set, though the chart draws it.
    session.run("session.plan = session.plan.with_ratio('block2.conv1', 0.3)")
    expect(unit.get_by_test_id("pw-ratio")).to_have_value("30")
    expect(page.locator(".pw-flips-words")).to_contain_text("prediction")
    assert session.value("session.plan.ratios['block2.conv1']") == 0.3

    # The edge is in the hand while the button is down, and the row follows.
    start = edge(page)
    page.mouse.move(start["x"], start["y"])
    page.mouse.down()
    moved = 0.55 * start["frame"]
    for step in range(1, 11):
        page.mouse.move(start["x"] + moved * step / 10, start["y"])
    expect(unit.get_by_test_id("pw-ratio")).to_have_value("84.4")
    assert edge(page)["x"] == pytest.approx(start["x"] + moved, abs=2)
    page.mouse.up()

    # It is measured by itself, and the images whose prediction changes are there.
    board = page.get_by_test_id("pw-score-board")
    planned = board.locator("[data-metric='accuracy'] [data-column='planned']")
    expect(planned).to_contain_text("%")
    session.run("_ = session.preview()")  # which is the same, once more
    flips = session.value("len(session.flipped)")
    assert flips > 1
    expect(page.locator(".pw-flips-words")).to_contain_text(f"{flips} of 360 predictions")
    expect(page.locator(".pw-picture")).to_have_count(min(24, flips))
    first = page.locator(".pw-picture").first
    expect(first).to_have_attribute(
        "aria-label",
        re.compile(r"Probe image \d+, class \d: predicted \d before, \d with the plan"),
    )
    size = first.evaluate("e => [e.clientWidth, getComputedStyle(e).backgroundImage.slice(0, 20)]")
    assert size == [48, 'url("data:image/png;']
    assert session.value("session.plan.ratios['block2.conv1']") == 54 / 64
