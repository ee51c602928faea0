"""Single channels, as a person picks them: look, remove by keyboard, prune, come back."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from running_lab import Kernel, Lab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def card(page: Page, channel: int) -> Locator:
    return page.locator(f"[data-channel='{channel}']")


def painted(page: Page, unit: str) -> Locator:
    return page.locator(f"[data-testid=pw-channels][data-painted='{unit}']")


def test_a_channel_removed_by_hand_stays_removed(
    lab: Lab, open_page: Callable[..., Page], kernel: Callable[[], Kernel]
) -> None:
    shutil.copy(NOTEBOOKS / "workbench.ipynb", lab.root / "picks.ipynb")
    page = open_page("picks.ipynb")
    session = kernel()
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    page.get_by_role("tab", name="Channels").click()
    page.locator("[data-unit='block2.conv1']").click()
    expect(painted(page, "block2.conv1")).to_be_visible()
    expect(page.get_by_role("tab", name="Channels")).to_have_attribute("aria-selected", "true")

    # Keys act on the channel, and not on JupyterLab's cells.
    card(page, 0).click()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("r")
    expect(card(page, 1)).to_have_attribute("data-state", "removed-by-hand")
    page.keyboard.press("End")
    page.keyboard.press("k")
    expect(card(page, 63)).to_have_attribute("data-state", "kept-by-hand")
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells
    assert session.value("session.plan.picks_of('block2.conv1')") == [[1], [63]]

    # Whatever criterion and ratio say, the picks stand; the rest follows at once.
    session.run("session.plan = session.plan.with_ratio('block2.conv1', 0.5)")
    expect(page.locator(".pw-channel-title")).to_contain_text("32 would be removed")
    session.run("session.plan = session.plan.with_(criterion='l2')")
    expect(page.locator(".pw-rank-own").first).to_contain_text("l2")
    page.keyboard.press("Home")
    expect(card(page, 1)).to_have_attribute("data-state", "removed-by-hand")

    page.locator(".pw-prune").click()
    expect(page.locator(".pw-status-text")).to_contain_text("pruning: done")
    expect(card(page, 1)).to_have_attribute("data-state", "gone-by-hand")
    assert session.value("bool(session.alive()['block2.conv1'][1])") is False
    assert session.value("bool(session.alive()['block2.conv1'][63])") is True

    page.keyboard.press("Control+s")
    page.locator(".jp-mod-dirty").wait_for(state="detached")
    page.reload()
    page.get_by_role("tab", name="Channels").click()
    expect(card(page, 1).locator(".pw-channel-state")).to_have_text("✕ gone")
    expect(page.locator(".pw-channel-title")).to_contain_text("1 removed and 1 kept by hand")
    expect(page.locator("[data-unit='block2.conv1'] .pw-by-hand")).to_have_attribute(
        "title", "1 removed and 1 kept by hand"
    )
