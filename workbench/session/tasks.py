"""Tasks: long work on the one thread that owns torch, with progress, time left and cancel."""

import itertools
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

from workbench.errors import WorkbenchError
from workbench.events import EventBus, TaskEnded, TaskProgress, TaskStarted
from workbench.progress import Cancelled

T = TypeVar("T")
_REPORT_EVERY_S = 0.05


class Task(Generic[T]):
    """Work that was submitted: its progress monitor, and a handle to wait for it or cancel it.

    Attributes:
        task_id: Counts up within a session.
        kind: Such as ``"prune"`` or ``"finetune"``.
        title: What a person reads while it runs.
    """

    def __init__(
        self, task_id: int, kind: str, title: str, work: Callable[["Task[T]"], T], bus: EventBus
    ) -> None:
        self.task_id, self.kind, self.title = task_id, kind, title
        self._work, self._bus = work, bus
        self._future: Future[T] = Future()
        self._cancel = threading.Event()
        self._started = self._reported = 0.0

    def cancel(self) -> None:
        """Stop at the next report of progress; a task that has not begun never runs."""
        self._cancel.set()

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked to stop it."""
        return self._cancel.is_set()

    @property
    def done(self) -> bool:
        """Whether it ended, in whatever way."""
        return self._future.done()

    def result(self) -> T:
        """Wait for the outcome; interrupting the wait cancels the task.

        Raises:
            Cancelled: If it was cancelled.
        """
        while True:
            try:
                return self._future.result()
            except KeyboardInterrupt:
                self.cancel()
                raise

    def when_done(self, use: Callable[[T], None]) -> None:
        """Call `use` with the result, on the engine thread, if the task ends well."""

        def called(future: Future[T]) -> None:
            if future.exception() is None:
                use(future.result())

        self._future.add_done_callback(called)

    def report(self, done: float, total: float, message: str = "") -> None:
        """Take progress from the work (see `workbench.progress.Monitor`)."""
        if self.cancelled:
            raise Cancelled(self.title)
        now = time.monotonic()
        if now - self._reported < _REPORT_EVERY_S and done < total:
            return
        self._reported = now
        share = done / total if total else 0.0
        eta_s = (now - self._started) * (1 - share) / share if share > 0 else None
        self._bus.emit(TaskProgress(self.task_id, self.kind, done, total, message, eta_s))

    def run(self) -> None:
        """Do the work; called by the engine thread."""
        self._started = time.monotonic()
        outcome = "done"
        failure: Exception | None = None
        result: Any = None
        try:
            if self.cancelled:
                raise Cancelled(self.title)
            self._bus.emit(TaskStarted(self.task_id, self.kind, self.title))
            result = self._work(self)
        except Cancelled as error:
            outcome, failure = "cancelled", error
        except Exception as error:  # handed to whoever waits, and to the listeners
            outcome, failure = "failed", error
        self._work = _forgotten
        if failure is None:
            self._future.set_result(result)
        else:
            self._future.set_exception(failure)
        shown = failure if outcome == "failed" else None
        self._bus.emit(TaskEnded(self.task_id, self.kind, self.title, outcome, shown))


def _forgotten(task: "Task[Any]") -> Any:
    """Stands in for finished work, so that what it closed over can be freed."""
    raise WorkbenchError(f"task {task.title!r} has run already")


class TaskRunner:
    """One worker thread and its queue."""

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self._numbers = itertools.count(1)
        self._queue: queue.SimpleQueue[Task[Any] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._unfinished: list[Task[Any]] = []
        self._thread = threading.Thread(target=self._loop, name="workbench-engine", daemon=True)
        self._thread.start()

    def submit(self, kind: str, title: str, work: Callable[[Task[T]], T]) -> Task[T]:
        """Queue work; returns at once."""
        task = Task(next(self._numbers), kind, title, work, self._bus)
        with self._lock:
            self._unfinished.append(task)
        self._queue.put(task)
        return task

    def unfinished(self, *kinds: str) -> tuple[Task[Any], ...]:
        """Tasks that run or wait, of these kinds, or all."""
        with self._lock:
            return tuple(task for task in self._unfinished if not kinds or task.kind in kinds)

    def cancel(self, *kinds: str) -> None:
        """Cancel what runs or waits, of these kinds, or all."""
        for task in self.unfinished(*kinds):
            task.cancel()

    def close(self) -> None:
        """Cancel everything and end the thread."""
        self.cancel()
        self._queue.put(None)

    def _loop(self) -> None:
        while (task := self._queue.get()) is not None:
            task.run()
            with self._lock:
                self._unfinished.remove(task)
            del task
