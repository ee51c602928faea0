"""A page that is reloaded and a kernel that is restarted lose nothing."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from running_lab import Kernel, Lab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
EPOCHS = 40
LOSS_POINTS = """() => Math.max(0, ...(window.Bokeh?.documents ?? [])
    .flatMap(d => [...d._all_models.values()])
    .map(m => (m.data?.loss ?? m.data?.get?.("loss"))?.length ?? 0))"""


def ratio(page: Page, unit: str) -> Locator:
    return page.locator(f"[data-unit='{unit}']").get_by_test_id("pw-ratio")


def offer(page: Page) -> Locator:
    return page.locator(".pw-interrupted")


def save(page: Page) -> None:
    page.keyboard.press("Control+s")
    page.locator(".jp-mod-dirty").wait_for(state="detached")


def run_first_cell(page: Page) -> None:
    page.locator(".jp-Notebook .jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Shift+Enter")


def look_at_training(page: Page) -> None:
    page.get_by_role("tab", name="Recovery").click()
    page.locator(".pw-more-settings").scroll_into_view_if_needed()  # the chart is below


def restart_kernel(page: Page) -> None:
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.locator(".lm-Menu").get_by_text("Restart Kernel…", exact=True).click()
    page.get_by_role("button", name="Confirm Kernel Restart").click()


def test_reload_restart_and_go_on(
    lab: Lab, open_page: Callable[..., Page], kernel: Callable[[], Kernel]
) -> None:
    shutil.copy(NOTEBOOKS / "workbench.ipynb", lab.root / "kept.ipynb")
    page = open_page("kept.ipynb")
    session = kernel()
    session.run("session.plan = session.plan.with_ratios(0.4); _ = session.prune()", timeout_s=120)
    session.run("session.plan = session.plan.with_ratio('head', 0.7)")
    session.run("session.targets = {'size_bytes': 100_000}")

    # Reloaded in mid-training, the page shows the running chart from its beginning.
    page.get_by_role("tab", name="Recovery").click()
    epochs = page.locator(".pw-epochs input")
    epochs.fill(str(EPOCHS))
    epochs.press("Enter")
    page.locator(".pw-finetune").click()
    expect(page.locator(".pw-status-text")).to_contain_text(f"epoch 2/{EPOCHS}")
    before = page.evaluate(LOSS_POINTS)
    assert before > 20
    save(page)
    page.reload()
    page.get_by_test_id("pw-layer-table").wait_for()
    look_at_training(page)
    page.wait_for_function(f"({LOSS_POINTS})() > {before}")
    assert session.value("session.busy")
    expect(page.locator(".pw-status-text")).to_contain_text(f"/{EPOCHS}")

    # The kernel is restarted in the middle of it, and the cell run again.
    restart_kernel(page)
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    run_first_cell(page)
    expect(offer(page)).to_contain_text(f"of {EPOCHS}")
    expect(offer(page)).to_contain_text("Fine-tuning was interrupted at epoch")
    expect(ratio(page, "head")).to_have_value("70")
    expect(ratio(page, "stem")).to_have_value("40.6")  # 13 of its 32 channels
    again = kernel()
    assert again.value("[step.kind for step in session.history]") == ["open", "prune"]
    assert again.value("session.history.current.id") == 1
    assert again.value("session.targets['size_bytes']") == 100_000
    reached = again.value("session.interrupted.epoch")
    assert again.value("session.read_only") == ""
    look_at_training(page)
    page.wait_for_function(f"({LOSS_POINTS})() > 20")

    # It goes on where it was, and its step is there in the end.
    page.locator(".pw-resume").click()
    expect(page.locator(".pw-status-text")).to_contain_text(f"/{EPOCHS}")
    expect(offer(page)).to_be_hidden()
    expect(page.locator(".pw-status-text")).to_contain_text("fine-tuning: done")
    epochs_trained = again.value("len(session.history.current.epochs)")
    assert (reached, epochs_trained) == (reached, EPOCHS) and 1 <= reached < EPOCHS
    assert again.value("len(session.training.runs)") == 1
