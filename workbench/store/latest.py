"""Files of which only the newest version counts, written without making anybody wait."""

import threading
import time
from collections.abc import Callable

from workbench.errors import StoreError

INTERVAL_S = 0.5
"""Between two writes, however often there is something new."""


class Latest:
    """Writes the newest version on a thread of its own; versions in between are left out.

    Args:
        write: Writes one; may raise `StoreError`.
        report: Told what it raised.
    """

    def __init__(
        self, write: Callable[[bytes], None], report: Callable[[StoreError], None]
    ) -> None:
        self._write, self._report = write, report
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._newest: Callable[[], bytes] | None = None
        self._closed = False
        self._thread: threading.Thread | None = None

    def put(self, newest: Callable[[], bytes]) -> None:
        """Have a version written before long; returns at once.

        Args:
            newest: Makes the file, when it is written.
        """
        with self._changed:
            if self._closed:
                return
            self._newest = newest
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._loop, name="workbench-store", daemon=True
                )
                self._thread.start()
            self._changed.notify()

    def flush(self) -> None:
        """Write the newest version, unless that was done; returns when it is on disk."""
        with self._writing:
            with self._changed:
                newest, self._newest = self._newest, None
            if newest is None:
                return
            try:
                self._write(newest())
            except StoreError as error:
                self._report(error)

    def close(self) -> None:
        """Write what is left and end the thread; again does nothing."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self.flush()

    def _loop(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._newest is not None or self._closed)
                if self._closed:
                    return
            self.flush()
            deadline = time.monotonic() + INTERVAL_S
            with self._changed:
                self._changed.wait_for(lambda: self._closed, deadline - time.monotonic())
