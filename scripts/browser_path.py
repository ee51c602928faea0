"""Print the path of a Chromium that runs on this machine; exit with 1 and say why if none does.

The browser tests and the screenshots use it: the one named by ``WORKBENCH_BROWSER``, else the
system's Chromium or Chrome, else the one that Playwright installed.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_MAC_APPLICATIONS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
_START_LIMIT_S = 60


def find_browser() -> Path | None:
    """The first browser found that starts, or None."""
    for candidate in _candidates():
        if _starts(candidate):
            return candidate
    return None


def _candidates() -> Iterator[Path]:
    chosen = os.environ.get("WORKBENCH_BROWSER")
    if chosen:
        yield Path(chosen)
        return  # a choice that does not work is an error, not a reason to take another
    for command in _COMMANDS:
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


def main() -> int:
    """Print the browser's path."""
    browser = find_browser()
    if browser is not None:
        print(browser)
        return 0
    chosen = os.environ.get("WORKBENCH_BROWSER")
    if chosen:
        found = f"WORKBENCH_BROWSER is {chosen!r}, which does not start"
    else:
        found = f"none of {', '.join(_COMMANDS)} is on the path and starts, nor Playwright's own"
    print(
        f"The browser tests need a Chromium or Chrome: {found}. Install one (on Debian: apt-get "
        "install chromium; elsewhere: python -m playwright install --with-deps chromium), or "
        "name one in WORKBENCH_BROWSER.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
