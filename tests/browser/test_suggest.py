"""From a budget to a plan, as a person does it: scan, suggest, slide along the trade-off."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from running_lab import Kernel, Lab
from watching import eventually

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
POINTS_DRAWN = """() => Math.max(0, ...(window.Bokeh?.documents ?? [])
    .flatMap(d => [...d._all_models.values()])
    .map(m => (m.data?.share ?? m.data?.get?.("share"))?.length ?? 0))"""


def test_a_budget_becomes_a_plan_and_the_master_slider_moves_all_rows(
    lab: Lab, open_page: Callable[..., Page], kernel: Callable[[], Kernel]
) -> None:
    shutil.copy(NOTEBOOKS / "workbench.ipynb", lab.root / "suggest.ipynb")
    page = open_page("suggest.ipynb")
    session = kernel()
    session.run("_ = session.baseline", timeout_s=120)
    page.get_by_role("tab", name="Suggest", exact=True).click()

    # What can be reached is said at once; what needs a scan says so.
    expect(page.locator(".pw-least")).to_contain_text("MACs can go down to 0.1 %")
    expect(page.locator(".pw-rule-best")).to_be_disabled()
    page.locator(".pw-scan-for-suggest").click()
    expect(page.locator(".pw-status-text")).to_contain_text("measuring sensitivity: done")
    expect(page.locator(".pw-rule-best")).to_be_enabled()
    page.wait_for_function(f"({POINTS_DRAWN})() > 10")

    # An unreachable budget changes nothing and says what is reachable.
    percent = page.locator(".pw-goal-percent input")
    percent.fill("0.01")
    percent.press("Enter")
    page.locator(".pw-suggest").click()
    expect(page.locator(".pw-suggest-outcome")).to_contain_text("must be at least 0.001")
    assert session.value("session.plan.ratios == {}")

    # Half of the MACs.
    percent.fill("50")
    percent.press("Enter")
    page.locator(".pw-suggest").click()
    expect(page.locator(".pw-suggest-outcome")).to_contain_text("Suggested: keeps")
    assert 0.4 < session.value("session.predict().macs / session.baseline.macs") <= 0.5
    numbers = page.get_by_test_id("pw-ratio")
    assert session.value("sorted(session.plan.ratios.values())[-1]") > 0

    # Dragging moves plan and rows while the button is down; letting go measures.
    session.run("session.plan = session.plan.lock('head')")
    head = session.value("session.plan.ratios['head']")
    master = page.get_by_test_id("pw-master")
    expect(master).to_be_enabled()
    expect(page.locator(".pw-master-end").last).to_have_text("0.2 %")  # as "head" stays whole
    before = [number.input_value() for number in numbers.all()]
    master.scroll_into_view_if_needed()
    box = master.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.5 * box["width"], y)
    page.mouse.down()
    for step in range(1, 11):
        page.mouse.move(box["x"] + (0.5 + 0.03 * step) * box["width"], y)
    row = page.locator("[data-unit='block2.conv2']").get_by_test_id("pw-ratio")
    expect(row).not_to_have_value(before[3])
    page.mouse.up()
    let_go = page.get_by_test_id("pw-master-text").inner_text()
    kept = "100 * session.predict().macs / session.baseline.macs"
    arrived = f"[session.previewed is not None, '%.1f' % ({kept})]"
    eventually(lambda: session.value(arrived) == [True, let_go.split()[1]])
    expect(page.get_by_test_id("pw-master-text")).to_have_text(let_go)
    assert session.value("session.plan.ratios['head']") == head
