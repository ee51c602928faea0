"""Progress and cancellation: the one object that long work reports to.

Work that takes a monitor calls `report` at every point where it may stop. A monitor that was
cancelled raises `Cancelled` from there, so cancelling needs no code in the work itself.
"""

from typing import Protocol


class Cancelled(Exception):  # noqa: N818 - not an error: somebody asked for it
    """The work was cancelled; nothing was committed."""


class Monitor(Protocol):
    """Receives progress; raises `Cancelled` once the work should stop."""

    def report(self, done: float, total: float, message: str = "") -> None:
        """Say that `done` of `total` is finished, and what is being done.

        Raises:
            Cancelled: If the work should stop here.
        """


class _Silent:
    def report(self, done: float, total: float, message: str = "") -> None:
        pass


SILENT: Monitor = _Silent()


class Part:
    """A share of another monitor's range: `Part(monitor, 20, 50, 100)` spans 20 to 50 of 100."""

    def __init__(self, monitor: Monitor, start: float, stop: float, total: float) -> None:
        self._monitor, self._start, self._stop, self._total = monitor, start, stop, total

    def report(self, done: float, total: float, message: str = "") -> None:
        share = done / total if total else 1.0
        self._monitor.report(self._start + share * (self._stop - self._start), self._total, message)
