"""Make the screenshots of the documentation, from the workbench as it is.

python scripts/screenshots.py
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

REPOSITORY = Path(__file__).parents[1]
IMAGES = REPOSITORY / "docs" / "images"
sys.path += [str(REPOSITORY / "tests"), str(REPOSITORY / "scripts")]

from browser_path import find_browser  # noqa: E402
from running_lab import Kernel, Lab, running_lab  # noqa: E402

BRANCHES = """
session.plan = session.plan.with_(round_to=16).with_ratios(0.5)
session.prune()
session.finetune(2)
session.rename(2, name="half of all channels", remark="good enough for the small board")
session.plan = session.plan.with_ratios(0.75)
session.prune()
session.finetune(1)
session.checkout(0)
session.plan = session.plan.with_(criterion="l2").with_ratios(0.3)
session.prune()
session.finetune(2)
session.checkout(2)
session.targets = {"accuracy": 0.98, "size_bytes": 150_000}
"""


def main() -> None:
    """Write one picture for every width and theme, and of every part that has a page."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=120_000)
    with tempfile.TemporaryDirectory() as folder, running_lab(Path(folder)) as lab:
        for name, width, dark, tell in SHOTS:
            shoot(lab, name, width, dark, tell)


def shoot(lab: Lab, name: str, width: int, dark: bool, tell: Callable[[Page, Kernel], str]) -> None:
    """Tell a short story at one width and take the picture.

    Args:
        lab: A running JupyterLab.
        name: Of the picture.
        width: Of the page, in px.
        dark: Whether it is dark.
        tell: Tells the story; returns what to have at the top, as a CSS selector.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": 1180})
        page.set_default_timeout(120_000)
        choose_theme(lab, "JupyterLab Dark" if dark else "JupyterLab Light")
        (lab.root / name).mkdir()  # each picture is of a session of its own
        shutil.copy(REPOSITORY / "notebooks" / "workbench.ipynb", lab.root / name)
        page.goto(lab.url(f"{name}/workbench.ipynb"))
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
        page.keyboard.press("Control+b")  # without the file browser
        page.locator(".jp-Notebook .jp-CodeCell .cm-content").first.click()
        page.keyboard.press("Shift+Enter")
        kernel = lab.kernel()
        page.get_by_test_id("pw-layer-table").wait_for()
        top = tell(page, kernel)
        page.locator(top).evaluate("element => element.scrollIntoView()")
        page.wait_for_timeout(1500)  # for charts to be painted, which nothing announces
        page.screenshot(path=IMAGES / f"{name}.png")
        kernel.run("session.close()")
        kernel.close()
        browser.close()


def work(page: Page, kernel: Kernel) -> str:
    """Prune, fine-tune, scan, and plan some more."""
    board = page.get_by_test_id("pw-score-board")
    expect(board.locator("[data-metric=latency_ms] [data-column=dense]")).to_contain_text("ms")
    page.locator(".pw-round-to select").select_option(label="16")
    for unit, percent in (
        ("block1.conv1", 50),
        ("block2.conv1", 50),
        ("head", 50),
        ("block2.conv2", 25),
    ):
        enter(page, unit, percent)
    page.locator(".pw-prune").click()
    expect(page.locator(".pw-status-text")).to_contain_text("pruning: done")
    page.get_by_role("tab", name="Recovery").click()
    page.locator(".pw-finetune").click()
    expect(page.locator(".pw-status-text")).to_contain_text("fine-tuning: done")
    page.locator(".pw-scan").click()
    expect(page.locator(".pw-status-text")).to_contain_text("measuring sensitivity: done")
    page.get_by_role("tab", name="Layer").click()
    page.locator("[data-unit='block2.conv2']").click()
    enter(page, "block2.conv2", 50)
    planned = board.locator("[data-metric=accuracy] [data-column=planned]")
    expect(planned).to_contain_text("%")
    return ".pw-app"


def branch(page: Page, kernel: Kernel) -> str:
    """Make some branches, and compare two steps."""
    kernel.run("_ = session.baseline", timeout_s=120)
    kernel.run(BRANCHES, timeout_s=240)
    page.get_by_role("tab", name="History").click()
    page.get_by_label("Compare step 6").check()
    expect(page.locator(".pw-comparison[data-pair='6,2']")).to_be_visible()
    return ".pw-app"


def enter(page: Page, unit: str, percent: int) -> None:
    """Type a ratio."""
    number = page.locator(f"[data-unit='{unit}']").get_by_test_id("pw-ratio")
    number.fill(str(percent))
    number.press("Enter")


def choose_theme(lab: Lab, theme: str) -> None:
    """Set JupyterLab's theme for pages opened from now on."""
    folder = lab.root / ".settings" / "@jupyterlab" / "apputils-extension"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "themes.jupyterlab-settings").write_text(json.dumps({"theme": theme}))


SHOTS = (
    ("workbench", 1400, False, work),
    ("workbench-narrow", 900, False, work),
    ("workbench-dark", 1400, True, work),
    ("history", 1400, False, branch),
)


if __name__ == "__main__":
    main()
