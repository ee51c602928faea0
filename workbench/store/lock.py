"""One writer for a directory, decided by the operating system; it frees what a killed one held."""

import threading
import weakref
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout

FILE = "lock"


class WriterLock:
    """Held by the one session that may write to a directory.

    A session that is opened again in the same process, as by running a notebook's cell once more,
    asks the one before to let go; another process's never does.

    Args:
        directory: What is written to.
        let_go: Called when another session of this process wants to write: stops writing and
            returns True, or returns False because something is under way.
    """

    def __init__(self, directory: Path, let_go: Callable[[], bool]) -> None:
        self._directory, self._let_go = directory.resolve(), let_go
        self._lock = FileLock(directory / FILE, thread_local=False)

    def acquire(self) -> str:
        """Take the lock if it can be had now; returns why not, or an empty string.

        Raises:
            OSError: If the file cannot be opened for writing.
        """
        with _REGISTRY:
            before = _HELD.get(self._directory)
            if before is not None and before._lock.is_locked:
                if not before._let_go():
                    return "this kernel has it open already, and something is under way there"
                before.release()
            try:
                self._lock.acquire(blocking=False)
            except Timeout:
                return "another kernel has it open"
            _HELD[self._directory] = self
            return ""

    def release(self) -> None:
        """Let others write; again does nothing."""
        self._lock.release()


_REGISTRY = threading.RLock()
_HELD: "weakref.WeakValueDictionary[Path, WriterLock]" = weakref.WeakValueDictionary()
"""By directory, this process's writer."""
