"""Fixtures of the browser tests: a real JupyterLab in a real Chromium."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect
from running_lab import Kernel, Lab, running_lab

REPOSITORY = Path(__file__).parents[2]
ARTIFACTS = REPOSITORY / "artifacts"
PATIENCE_MS = 120_000
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with running_lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture
def open_page(
    lab: Lab, chromium: Browser, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Page]]:
    """Open a notebook and run its first code cell; console errors fail the test at its end.

    Every notebook gets a directory of its own, so that no session goes on in another test.
    """
    errors: list[str] = []
    pages: list[Page] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(f"{message.text} ({message.location.get('url', '')})")

    def open_page(notebook: str, *, width: int = 1400, height: int = 1000) -> Page:
        page = chromium.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", note)
        page.on("pageerror", lambda error: errors.append(str(error)))
        pages.append(page)
        folder = lab.root / f"of-{Path(notebook).stem}"
        folder.mkdir()
        (lab.root / notebook).rename(folder / notebook)
        page.goto(lab.url(f"{folder.name}/{notebook}"))
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
        page.locator(".jp-Notebook .jp-CodeCell .cm-content").first.click()
        page.keyboard.press("Shift+Enter")
        page.get_by_test_id("pw-layer-table").wait_for()
        return page

    yield open_page
    failed = getattr(request.node, "failed", False) or errors
    for number, page in enumerate(pages):
        if failed:
            ARTIFACTS.mkdir(exist_ok=True)
            page.screenshot(path=ARTIFACTS / f"{request.node.name}-{number}.png")
        page.close()
    assert not errors, f"the page reported errors: {errors}"


@pytest.fixture
def kernel(lab: Lab) -> Iterator[Callable[[], Kernel]]:
    """The kernel of the notebook opened last."""
    opened: list[Kernel] = []

    def connect() -> Kernel:
        opened.append(lab.kernel())
        return opened[-1]

    yield connect
    for kernel in opened:
        kernel.run("session.close()")
        kernel.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if report.when == "call" and report.failed:
        item.failed = True
    return report
