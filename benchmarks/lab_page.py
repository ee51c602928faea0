"""A page of a real JupyterLab in a real Chromium, for the benchmarks of the screen."""

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

REPOSITORY = Path(__file__).parents[1]
sys.path += [str(REPOSITORY / "tests"), str(REPOSITORY / "scripts")]

from browser_path import find_browser  # noqa: E402
from running_lab import Kernel, Lab, running_lab, write_notebook  # noqa: E402

__all__ = [
    "Kernel",
    "Lab",
    "open_notebook",
    "run_next_cell",
    "running_lab",
    "wait_until_learned",
    "write_notebook",
]

PATIENCE_MS = 300_000
LOOK_EVERY_S = 0.5

LEARNED = "session.answered and not any(map(session.learning, LEARNING))"


@contextlib.contextmanager
def open_notebook(lab: Lab, notebook: str, *, height: int = 1000) -> Iterator[Page]:
    """A page with a notebook open, its kernel idle, and its first cell chosen."""
    with sync_playwright() as playwright:
        path = find_browser()
        browser = playwright.chromium.launch(
            executable_path=None if path is None else str(path), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1400, "height": height})
        page.set_default_timeout(PATIENCE_MS)
        page.goto(lab.url(notebook))
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
        page.locator(".jp-Notebook .jp-CodeCell .cm-content").first.click()
        yield page
        browser.close()


def run_next_cell(page: Page) -> None:
    """Run the chosen cell and choose the next one."""
    page.keyboard.press("Shift+Enter")


def wait_until_learned(kernel: Kernel) -> None:
    """Wait until the `session` of a shown workbench has learned what it learns unasked."""
    kernel.run("from workbench.session.knowledge import LEARNING")
    while not kernel.value(LEARNED):
        time.sleep(LOOK_EVERY_S)
