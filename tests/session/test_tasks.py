import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from workbench.errors import InternalError, WorkbenchError
from workbench.events import Event, EventBus, TaskEnded, TaskProgress, TaskStarted
from workbench.progress import Cancelled, Monitor, Part
from workbench.session import tasks
from workbench.session.tasks import TaskRunner

WAIT_S = 20
"""Long enough for a busy machine; only a test that fails waits as long."""


class Bench:
    """A runner, and everything it reported."""

    def __init__(self) -> None:
        self.bus = EventBus()
        self.events: list[Event] = []
        self.bus.subscribe(self.events.append)
        self.runner = TaskRunner(self.bus)

    def submit(self, work: Callable[[Monitor], Any], kind: str = "prune") -> Any:
        return self.runner.submit(kind, f"doing {kind}", work)

    def ended(self) -> list[tuple[int, str]]:
        return [(e.task_id, e.outcome) for e in self.events if isinstance(e, TaskEnded)]


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.runner.close()


def until_cancelled(started: threading.Event) -> Callable[[Monitor], None]:
    def work(monitor: Monitor) -> None:
        started.set()
        while True:
            monitor.report(0, 1)

    return work


def test_a_task_gives_its_result_and_reports_start_and_end(bench: Bench) -> None:
    task = bench.submit(lambda monitor: 42)
    assert task.result() == 42 and task.done
    assert bench.events == [
        TaskStarted(1, "prune", "doing prune"),
        TaskEnded(1, "prune", "doing prune", "done"),
    ]


def test_tasks_run_one_after_another_on_one_thread(bench: Bench) -> None:
    submitted = [bench.submit(lambda monitor: threading.current_thread()) for _ in range(3)]
    found = {task.result().name for task in submitted}
    assert found == {"workbench-engine"}
    assert bench.ended() == [(1, "done"), (2, "done"), (3, "done")]


def test_an_error_reaches_whoever_waits_and_the_listeners(bench: Bench) -> None:
    error = ValueError("no such layer")

    def fail(monitor: Monitor) -> None:
        raise error

    with pytest.raises(ValueError, match="no such layer"):
        bench.submit(fail).result()
    assert bench.events[-1] == TaskEnded(1, "prune", "doing prune", "failed", error)
    assert bench.submit(lambda monitor: 1).result() == 1


def test_even_an_exit_does_not_end_the_thread(bench: Bench) -> None:
    def leave(monitor: Monitor) -> None:
        raise SystemExit(1)

    with pytest.raises(SystemExit):
        bench.submit(leave).result()
    assert bench.submit(lambda monitor: 1).result() == 1


def test_cancelling_stops_at_the_next_report(bench: Bench) -> None:
    started = threading.Event()
    task = bench.submit(until_cancelled(started))
    assert started.wait(WAIT_S)
    task.cancel()
    with pytest.raises(Cancelled, match="doing prune"):
        task.result()
    assert bench.events[-1] == TaskEnded(1, "prune", "doing prune", "cancelled")


def test_a_task_cancelled_before_its_turn_never_runs(bench: Bench) -> None:
    started, ran = threading.Event(), threading.Event()
    first = bench.submit(until_cancelled(started))
    assert started.wait(WAIT_S)
    second = bench.submit(lambda monitor: ran.set())
    second.cancel()
    first.cancel()
    with pytest.raises(Cancelled):
        second.result()
    assert not ran.is_set()
    assert bench.ended() == [(1, "cancelled"), (2, "cancelled")]
    assert [e.task_id for e in bench.events if isinstance(e, TaskStarted)] == [1]


def test_tasks_are_cancelled_by_kind(bench: Bench) -> None:
    started = threading.Event()
    running = bench.submit(until_cancelled(started), "finetune")
    assert started.wait(WAIT_S)
    waiting = bench.submit(lambda monitor: 1, "preview")
    assert bench.runner.unfinished() == (running, waiting)
    assert bench.runner.unfinished("preview", "export") == (waiting,)
    bench.runner.cancel("preview")
    assert (running.cancelled, waiting.cancelled) == (False, True)
    bench.runner.cancel()
    assert running.cancelled


def test_who_hears_of_the_end_finds_the_task_off_the_list(bench: Bench) -> None:
    found = []
    bench.bus.subscribe(
        lambda event: (
            found.append(bench.runner.unfinished()) if isinstance(event, TaskEnded) else None
        )
    )
    for _ in range(20):
        bench.submit(lambda monitor: 1).result()
        assert bench.runner.unfinished() == ()
    assert found == [()] * 20


def test_who_waits_for_a_task_finds_its_end_reported(bench: Bench) -> None:
    for number in range(1, 20):
        bench.submit(lambda monitor: 1).result()
        assert bench.ended()[-1] == (number, "done")


def test_progress_says_how_long_it_takes(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 100.0, 110.0, 120.0, 130.0])
    monkeypatch.setattr(tasks, "time", SimpleNamespace(monotonic=lambda: next(clock)))

    def work(monitor: Monitor) -> None:
        for done in (0, 1, 2, 4):
            monitor.report(done, 4, f"step {done}")

    bench.submit(work).result()
    found = [(e.done, e.message, e.eta_s) for e in bench.events if isinstance(e, TaskProgress)]
    assert found == [(0, "step 0", None), (1, "step 1", 30), (2, "step 2", 20), (4, "step 4", 0)]


def test_progress_is_thinned_but_the_last_is_never_left_out(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "time", SimpleNamespace(monotonic=lambda: 100.0))

    def work(monitor: Monitor) -> None:
        for done in range(1, 1001):
            monitor.report(done, 1000)

    bench.submit(work).result()
    assert [e.done for e in bench.events if isinstance(e, TaskProgress)] == [1, 1000]


def test_a_part_reports_its_share_of_the_whole() -> None:
    reported = []

    class Keeps:
        def report(self, done: float, total: float, message: str = "") -> None:
            reported.append((done, total, message))

    part = Part(Part(Keeps(), 20, 60, 100), 50, 100, 100)
    for done in (0, 1, 2):
        part.report(done, 2, "half")
    Part(Keeps(), 0, 10, 100).report(0, 0)
    assert reported == [(40, 100, "half"), (50, 100, "half"), (60, 100, "half"), (10, 100, "")]


def test_what_is_to_follow_is_called_with_the_result(bench: Bench) -> None:
    started, go = threading.Event(), threading.Event()
    used: list[int] = []

    def work(monitor: Monitor) -> int:
        started.set()
        assert go.wait(WAIT_S)
        return 7

    task = bench.submit(work)
    assert started.wait(WAIT_S)
    task.when_done(used.append)
    go.set()
    task.result()
    bench.submit(lambda monitor: None).result()
    task.when_done(used.append)
    assert used == [7, 7]


def test_nothing_follows_a_failed_task(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    used: list[object] = []

    def fail(monitor: Monitor) -> None:
        raise ValueError("broken")

    task = bench.submit(fail)
    task.when_done(used.append)
    with pytest.raises(ValueError, match="broken"):
        task.result()
    bench.submit(lambda monitor: None).result()  # by then, all that follows the first was called
    assert used == [] and caplog.records == []


def test_a_task_runs_once(bench: Bench) -> None:
    task = bench.submit(lambda monitor: 1)
    task.result()
    with pytest.raises(InternalError, match="'doing prune' has run already"):
        task._work(task)


def test_closing_cancels_everything_and_takes_no_more(bench: Bench) -> None:
    started = threading.Event()
    running = bench.submit(until_cancelled(started))
    waiting = bench.submit(lambda monitor: 1)
    assert started.wait(WAIT_S)
    bench.runner.close()
    bench.runner.close()
    for task in (running, waiting):
        with pytest.raises(Cancelled):
            task.result()
    assert bench.runner.closed
    with pytest.raises(WorkbenchError, match="doing prune needs an open session"):
        bench.submit(lambda monitor: 1)


def test_a_preview_goes_first_while_a_patient_task_runs() -> None:
    order: list[str] = []
    runner = TaskRunner(EventBus())
    started, submitted = threading.Event(), threading.Event()

    def measure(monitor: Monitor) -> None:
        with torch.inference_mode():
            started.set()
            assert submitted.wait(30)
            monitor.report(1, 2, "half")
            order.append("measure")

    def preview(monitor: Monitor) -> None:
        assert not torch.is_inference_mode_enabled()
        order.append("preview")

    measuring = runner.submit("baseline", "measuring", measure)
    assert started.wait(30)
    previewing = runner.submit("preview", "previewing", preview)
    submitted.set()
    measuring.result()
    previewing.result()
    runner.close()
    assert order == ["preview", "measure"]


def test_a_preview_waits_for_a_task_that_is_not_patient() -> None:
    order: list[str] = []
    runner = TaskRunner(EventBus())
    started, submitted = threading.Event(), threading.Event()

    def train(monitor: Monitor) -> None:
        started.set()
        assert submitted.wait(30)
        monitor.report(1, 2, "half")
        order.append("train")

    training = runner.submit("finetune", "training", train)
    assert started.wait(30)
    previewing = runner.submit("preview", "previewing", lambda monitor: order.append("preview"))
    submitted.set()
    training.result()
    previewing.result()
    runner.close()
    assert order == ["train", "preview"]
