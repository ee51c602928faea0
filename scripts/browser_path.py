"""Print the path of a Chromium that runs on this machine; exit with 1 and say why if none does.

The browser tests and the screenshots use it.
"""

import os
import sys

from workbench.doctor.browser import COMMANDS
from workbench.doctor.browser import find_chromium as find_browser

__all__ = ["find_browser", "main"]


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
        found = f"none of {', '.join(COMMANDS)} is on the path and starts, nor Playwright's own"
    print(
        f"The browser tests need a Chromium or Chrome: {found}. Install one (on Debian: apt-get "
        "install chromium; elsewhere: python -m playwright install --with-deps chromium), or "
        "name one in WORKBENCH_BROWSER.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
