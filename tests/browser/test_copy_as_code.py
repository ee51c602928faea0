"""What was done by mouse is copied as code, and the code does the same elsewhere."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from running_lab import Kernel, Lab

import workbench

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
WAIT_S = 300


def test_code_copied_from_the_page_gives_the_same_figures(
    lab: Lab, open_page: Callable[..., Page], kernel: Callable[[], Kernel]
) -> None:
    shutil.copy(NOTEBOOKS / "workbench.ipynb", lab.root / "code.ipynb")
    page = open_page("code.ipynb")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    session = kernel()
    number = page.locator("[data-unit='block2.conv1']").get_by_test_id("pw-ratio")
    number.fill("50")
    number.press("Enter")
    page.locator(".pw-prune").click()
    expect(page.locator(".pw-status-text")).to_contain_text("pruning: done")
    page.get_by_role("tab", name="Recovery").click()
    epochs = page.locator(".pw-epochs input")
    epochs.fill("1")
    epochs.press("Enter")
    page.locator(".pw-finetune").click()
    expect(page.locator(".pw-status-text")).to_contain_text("fine-tuning: done")

    page.get_by_test_id("pw-copy-as-code").click()
    expect(page.get_by_test_id("pw-code-text")).to_contain_text("session.finetune(epochs=1)")
    page.get_by_test_id("pw-code-copy").click()
    expect(page.get_by_test_id("pw-code-said")).to_have_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert 'session.plan = session.plan.with_ratio("block2.conv1", 0.5)\nsession.prune()' in copied
    page.get_by_test_id("pw-code-path").fill("by-mouse.yaml")
    page.get_by_test_id("pw-code-save").click()
    expect(page.get_by_test_id("pw-code-said")).to_contain_text("Saved: ")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("pw-code-dialog")).not_to_be_visible()

    figures = "[session.history.current.metrics.accuracy, session.recipe().expected.weights]"
    by_mouse = session.value(figures)
    threads = session.value("__import__('torch').get_num_threads()")
    script = f"import torch\ntorch.set_num_threads({threads})\n{copied}\nprint(*{figures})"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": str(Path(workbench.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=True,
    )
    assert done.stdout.split() == [str(figure) for figure in by_mouse]
    assert (lab.root / "of-code" / "by-mouse.yaml").is_file()
