"""The one place that writes to the browser.

Everything that wants to show something marks a view; one thread then updates the marked views,
each at its own pace. Intents from the browser run on the same thread, so that nothing is ever
written from two.
"""

import logging
import queue
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

_log = logging.getLogger(__name__)

Work = Callable[[], None]

_TURN_S = 0.001
"""After so long a thread that trains gives way to one that answers a hand; Python's own 5 ms add up
over the four threads that a message passes."""

_HAND_RESTS_S = 0.25
_PATIENCE_S = 1.0


@dataclass
class _View:
    update: Work
    interval_s: float
    patient: bool
    due: bool = False
    last_s: float = float("-inf")


class Dispatcher:
    """Runs intents at once and updates marked views, at most so often a second each.

    Args:
        on_error: Called with what an intent or an update raised; nothing is swallowed.
    """

    def __init__(self, on_error: Callable[[Exception], None]) -> None:
        self._on_error = on_error
        self._views: dict[str, _View] = {}
        self._timers: dict[str, tuple[float, Work]] = {}
        self._touched_s = float("-inf")
        self._inbox: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._loop, name="workbench-browser", daemon=True)

    def start(self) -> None:
        """Begin; views are added before."""
        sys.setswitchinterval(min(_TURN_S, sys.getswitchinterval()))
        self._thread.start()

    def add_view(
        self, name: str, update: Work, *, per_second: float, patient: bool = False
    ) -> None:
        """Call `update` after `mark(name)`, at most this often.

        A patient view waits up to a second while a hand is at work (`touched`): a page that draws
        what streams is slow to answer.
        """
        self._views[name] = _View(update, 1 / per_second, patient)

    def post(self, work: Work) -> None:
        """Run something on the dispatcher's thread; returns at once."""
        self._inbox.put(work)

    def mark(self, *names: str) -> None:
        """Say that these views are out of date; from any thread."""
        self._inbox.put(lambda: self._set_due(names))

    def touched(self) -> None:
        """Say that a hand has just done something; from any thread."""
        self._touched_s = time.monotonic()

    def after(self, name: str, delay_s: float, work: Work) -> None:
        """Run `work` later unless `after` is called again for `name`; on the own thread only."""
        self._timers[name] = (time.monotonic() + delay_s, work)

    def close(self) -> None:
        """End the thread; what is posted afterwards is ignored."""
        self._inbox.put(None)

    def _set_due(self, names: tuple[str, ...]) -> None:
        for name in names:
            self._views[name].due = True

    def _loop(self) -> None:
        while True:
            works = self._receive(self._wait_s())
            for work in works:
                if work is None:
                    return
                self._attempt(work)
            self._run_timers()
            self._update_views()

    def _receive(self, wait_s: float | None) -> list[Work | None]:
        works: list[Work | None] = []
        try:
            works.append(self._inbox.get(timeout=wait_s))
            while True:
                works.append(self._inbox.get_nowait())
        except queue.Empty:
            return works

    def _wait_s(self) -> float | None:
        now = time.monotonic()
        moments = [self._moment_s(view) for view in self._views.values() if view.due]
        moments += [moment for moment, _ in self._timers.values()]
        return max(0.0, min(moments) - now) if moments else None

    def _moment_s(self, view: _View) -> float:
        """When a view may be updated."""
        ready = view.last_s + view.interval_s
        if not view.patient:
            return ready
        return max(ready, min(self._touched_s + _HAND_RESTS_S, view.last_s + _PATIENCE_S))

    def _run_timers(self) -> None:
        now = time.monotonic()
        for name in [name for name, (moment, _) in self._timers.items() if moment <= now]:
            self._attempt(self._timers.pop(name)[1])

    def _update_views(self) -> None:
        for view in self._views.values():
            now = time.monotonic()
            if view.due and now >= self._moment_s(view):
                view.due, view.last_s = False, now
                self._attempt(view.update)

    def _attempt(self, work: Work) -> None:
        try:
            work()
        except Exception as error:  # shown to the person, never lost
            self._report(error)

    def _report(self, error: Exception) -> None:
        try:
            self._on_error(error)
        except Exception:
            _log.exception("showing an error failed: %s", error)
