"""The dispatcher: one thread, coalesced updates, and no error lost."""

import sys
import threading
from collections.abc import Callable, Iterator

import pytest
from watching import eventually

from widgets.dispatcher import Dispatcher


@pytest.fixture
def errors() -> list[Exception]:
    return []


@pytest.fixture
def dispatcher(errors: list[Exception]) -> Iterator[Dispatcher]:
    dispatcher = Dispatcher(errors.append)
    yield dispatcher
    dispatcher.close()


def finished(dispatcher: Dispatcher) -> None:
    """Wait until everything posted so far has run."""
    done = threading.Event()
    dispatcher.post(done.set)
    assert done.wait(10)


def counted(view: list[int], reached: threading.Event, enough: int) -> Callable[[], None]:
    def update() -> None:
        view.append(threading.get_ident())
        if len(view) >= enough:
            reached.set()

    return update


def test_a_marked_view_is_updated_on_the_dispatchers_own_thread(dispatcher: Dispatcher) -> None:
    threads: list[int] = []
    reached = threading.Event()
    dispatcher.add_view("board", counted(threads, reached, 1), per_second=30)
    dispatcher.start()
    dispatcher.mark("board")
    assert reached.wait(10)
    assert threads[0] != threading.get_ident()


def test_many_marks_at_once_become_one_update(dispatcher: Dispatcher) -> None:
    updates: list[int] = []
    reached = threading.Event()
    dispatcher.add_view("board", counted(updates, reached, 1), per_second=1)
    for _ in range(100):
        dispatcher.mark("board")
    dispatcher.start()
    assert reached.wait(10)
    finished(dispatcher)
    assert len(updates) == 1


def test_a_mark_during_the_pause_between_updates_is_not_lost(dispatcher: Dispatcher) -> None:
    updates: list[int] = []
    twice = threading.Event()
    dispatcher.add_view("board", counted(updates, twice, 2), per_second=10)
    dispatcher.start()
    dispatcher.mark("board")
    finished(dispatcher)
    dispatcher.mark("board")
    assert twice.wait(10)


def test_what_an_intent_raises_is_reported_and_the_next_one_runs(
    dispatcher: Dispatcher, errors: list[Exception]
) -> None:
    def fail() -> None:
        raise ValueError("ratio must be in [0, 1), got 2")

    dispatcher.start()
    dispatcher.post(fail)
    finished(dispatcher)
    assert [str(error) for error in errors] == ["ratio must be in [0, 1), got 2"]


def test_work_put_off_again_runs_once(dispatcher: Dispatcher) -> None:
    ran: list[str] = []
    reached = threading.Event()

    def note(name: str) -> Callable[[], None]:
        def work() -> None:
            ran.append(name)
            reached.set()

        return work

    dispatcher.start()
    dispatcher.post(lambda: dispatcher.after("preview", 60, note("first")))
    dispatcher.post(lambda: dispatcher.after("preview", 0.05, note("second")))
    assert reached.wait(10)
    finished(dispatcher)
    assert ran == ["second"]


@pytest.mark.parametrize(("patience_s", "updated"), [(60.0, False), (0.0, True)])
def test_what_streams_waits_for_a_hand_but_not_for_ever(
    dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch, patience_s: float, updated: bool
) -> None:
    monkeypatch.setattr("widgets.dispatcher._HAND_RESTS_S", 60.0)
    monkeypatch.setattr("widgets.dispatcher._PATIENCE_S", patience_s)
    streams, board = [], []
    dispatcher.add_view("stream", lambda: streams.append(1), per_second=1000, patient=True)
    dispatcher.add_view("board", lambda: board.append(1), per_second=1000)
    dispatcher.start()
    dispatcher.mark("stream", "board")
    finished(dispatcher)
    streams.clear()
    board.clear()
    dispatcher.touched()
    dispatcher.mark("stream", "board")
    eventually(lambda: bool(board))
    finished(dispatcher)
    assert bool(streams) is updated


def test_a_workbench_lets_a_hand_in_between_the_steps_of_a_training(
    dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "setswitchinterval", (intervals := []).append)
    dispatcher.start()
    assert intervals == [0.001]
