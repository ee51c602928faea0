"""Tasks: long work on the one thread that owns torch, with progress, time left and cancel."""

import itertools
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any, Generic, TypeVar

import torch

from workbench.errors import InternalError, WorkbenchError
from workbench.events import EventBus, TaskEnded, TaskProgress, TaskStarted
from workbench.progress import Cancelled

T = TypeVar("T")
_REPORT_EVERY_S = 0.05
_WAIT_S = 0.2

URGENT = ("evidence", "spot check", "preview", "timing", "channels", "suggest", "compare")
"""Kinds of task that a person waits for, with a finger on a slider or looking at a layer."""

PATIENT = (
    "baseline",
    "answers",
    "latency",
    "accuracy",
    "layers",
    "memory",
    "details",
    "scan",
    "estimate",
    "channels",
)
"""Kinds of task that let urgent ones go first, even once they run: at their next report."""


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
        self._let_others_go_first: Callable[[], None] = lambda: None

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
        """Wait for the outcome.

        Interrupting the wait cancels the task and waits for its end, so that the session is free
        again; a second interrupt leaves at once.

        Raises:
            Cancelled: If it was cancelled.
        """
        try:
            self._wait()
        except KeyboardInterrupt:
            self.cancel()
            self._wait()
            raise
        return self._future.result()

    def _wait(self) -> None:
        # In pieces, because a wait without end cannot be interrupted on Windows.
        while not self._future.done():
            wait([self._future], timeout=_WAIT_S)

    def when_done(self, use: Callable[[T], None]) -> None:
        """Call `use` with the result if the task ends well.

        It is called on the engine thread, or at once if the task has ended already.
        """

        def called(future: Future[T]) -> None:
            if future.exception() is None:
                use(future.result())

        self._future.add_done_callback(called)

    def report(self, done: float, total: float, message: str = "") -> None:
        """Take progress from the work (see `workbench.progress.Monitor`)."""
        if self.cancelled:
            raise Cancelled(self.title)
        self._let_others_go_first()
        now = time.monotonic()
        if now - self._reported < _REPORT_EVERY_S and done < total:
            return
        self._reported = now
        share = done / total if total else 0.0
        eta_s = (now - self._started) * (1 - share) / share if share > 0 else None
        self._bus.emit(TaskProgress(self.task_id, self.kind, done, total, message, eta_s))

    def run(self) -> Callable[[], None]:
        """Do the work; returns what tells the outcome to listeners and whoever waits.

        Called by the engine thread, which first takes the task off its list.
        """
        self._started = time.monotonic()
        outcome = "done"
        failure: BaseException | None = None
        result: Any = None
        try:
            if self.cancelled:
                raise Cancelled(self.title)
            self._bus.emit(TaskStarted(self.task_id, self.kind, self.title))
            result = self._work(self)
        except Cancelled as error:
            outcome, failure = "cancelled", error
        except BaseException as error:  # even an exit must not end the thread all others wait for
            outcome, failure = "failed", error
        self._work = _forgotten

        def settle() -> None:
            shown = failure if outcome == "failed" else None
            self._bus.emit(TaskEnded(self.task_id, self.kind, self.title, outcome, shown))
            if failure is None:
                self._future.set_result(result)
            else:
                self._future.set_exception(failure)

        return settle


def _forgotten(task: "Task[Any]") -> Any:
    """Stands in for finished work, so that what it closed over can be freed."""
    raise InternalError(f"task {task.title!r} has run already")


class TaskRunner:
    """One worker thread and its queue."""

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self._numbers = itertools.count(1)
        self._queue: queue.SimpleQueue[Task[Any] | None] = queue.SimpleQueue()
        self._urgent: queue.SimpleQueue[Task[Any]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._unfinished: list[Task[Any]] = []
        self._closed = False
        self._thread = threading.Thread(target=self._loop, name="workbench-engine", daemon=True)
        self._thread.start()

    def submit(self, kind: str, title: str, work: Callable[[Task[T]], T]) -> Task[T]:
        """Queue work; returns at once.

        Raises:
            WorkbenchError: If the thread was ended.
        """
        task = Task(next(self._numbers), kind, title, work, self._bus)
        with self._lock:
            if self._closed:
                raise WorkbenchError(
                    f"{title} needs an open session, and this one was closed. Open another one."
                )
            self._unfinished.append(task)
            if kind in URGENT:
                self._urgent.put(task)
            self._queue.put(task)
        return task

    @property
    def closed(self) -> bool:
        """Whether the thread was ended."""
        return self._closed

    def unfinished(self, *kinds: str) -> tuple[Task[Any], ...]:
        """Tasks that run or wait, of these kinds, or all."""
        with self._lock:
            return tuple(task for task in self._unfinished if not kinds or task.kind in kinds)

    def cancel(self, *kinds: str) -> None:
        """Cancel what runs or waits, of these kinds, or all."""
        for task in self.unfinished(*kinds):
            task.cancel()

    def close(self) -> None:
        """Cancel everything and end the thread; again does nothing."""
        with self._lock:
            closed, self._closed = self._closed, True
            if not closed:
                self._queue.put(None)
        self.cancel()

    def _loop(self) -> None:
        while (task := self._queue.get()) is not None:
            self._run_urgent()
            if not task.done:
                self._run(task)
            del task

    def _run_urgent(self) -> None:
        # A patient task may be in the middle of inference; the urgent one starts afresh.
        with torch.inference_mode(False):
            while not self._urgent.empty():
                self._run(self._urgent.get())

    def _run(self, task: Task[Any]) -> None:
        if task.kind in PATIENT:
            task._let_others_go_first = self._run_urgent
        settle = task.run()
        # Taken off first: whoever hears of the end finds the session free.
        with self._lock:
            self._unfinished.remove(task)
        settle()
