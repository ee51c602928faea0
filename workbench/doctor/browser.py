"""A browser to show JupyterLab in; the tests need a Chromium."""

import os
import shutil
import subprocess
import webbrowser
from collections.abc import Iterator
from pathlib import Path

from workbench.doctor.finding import Finding, ok, warning

COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_MAC_APPLICATIONS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
_START_LIMIT_S = 60


def check_browser() -> Iterator[Finding]:
    """The browser that JupyterLab would open, or a Chromium."""
    try:
        yield ok(f"browser: {_name(webbrowser.get())}")
    except webbrowser.Error:
        if (chromium := find_chromium()) is not None:
            yield ok(f"browser: {chromium}, for the tests; JupyterLab opens none by itself here")
        else:
            yield warning(
                "browser: none found on this machine",
                "Open the address that JupyterLab prints in a browser elsewhere, over an SSH "
                "tunnel; or install one, such as chromium",
            )


def find_chromium() -> Path | None:
    """The first Chromium or Chrome found that starts, or None.

    The one named by ``WORKBENCH_BROWSER``, else the system's, else the one that Playwright
    installed.
    """
    for candidate in _candidates():
        if _starts(candidate):
            return candidate
    return None


def _name(browser: webbrowser.BaseBrowser) -> str:
    return str(getattr(browser, "name", "") or type(browser).__name__)


def _candidates() -> Iterator[Path]:
    chosen = os.environ.get("WORKBENCH_BROWSER")
    if chosen:
        yield Path(chosen)
        return  # a choice that does not work is an error, not a reason to take another
    for command in COMMANDS:
        path = shutil.which(command)
        if path:
            yield Path(path)
    yield from (Path(path) for path in _MAC_APPLICATIONS)
    yield from _playwrights_own()


def _playwrights_own() -> Iterator[Path]:
    try:
        from playwright.sync_api import Error, sync_playwright  # noqa: PLC0415 - optional here
    except ImportError:
        return
    try:
        with sync_playwright() as playwright:
            path = Path(playwright.chromium.executable_path)
    except Error:
        return
    yield path


def _starts(path: Path) -> bool:
    # Existing is not enough: libraries may be missing, and Ubuntu ships a stub of that name.
    if not path.is_file():
        return False
    try:
        run = subprocess.run(
            [path, "--version"], capture_output=True, timeout=_START_LIMIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return run.returncode == 0
