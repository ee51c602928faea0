"""Cancelled, interrupted, busy or failed: the session stays what it was."""

import _thread
import math
import re
import signal
import threading
from collections.abc import Callable, Iterator

import pytest
from watching import FOREVER, WAIT_S, State, at_first_batch, heard

from workbench import Plan, Session
from workbench.errors import (
    BusyError,
    ExportError,
    TrainingError,
)
from workbench.events import (
    TaskEnded,
)
from workbench.measure.metrics import Metrics
from workbench.progress import Cancelled, Monitor
from workbench.pruned import PrunedModel
from workbench.session.measuring import Gauge
from workbench.training import FinetuneSettings


def test_cancelling_during_the_first_batch_leaves_everything_as_it_was(session: Session) -> None:
    before = State(session)
    at_first_batch(session, session.cancel)
    with pytest.raises(Cancelled):
        session.submit_finetune(FOREVER).result()
    assert before.holds(session)
    assert session.training.runs[-1].outcome == "cancelled"
    session.finetune(1)
    assert session.history.current.id == 1


def test_cancelling_while_accuracy_is_measured_commits_nothing(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = State(session)
    measure = Gauge.accuracy

    def measured(self: Gauge, model: PrunedModel, monitor: Monitor) -> Metrics:
        session.cancel()
        return measure(self, model, monitor)

    monkeypatch.setattr(Gauge, "accuracy", measured)
    with pytest.raises(Cancelled):
        session.prune()
    assert before.holds(session)


def test_cancelling_after_the_commit_keeps_the_step(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(self: Gauge, model: PrunedModel, monitor: Monitor) -> bytes:
        session.cancel()
        monitor.report(0, 1)
        raise AssertionError("went on after it was cancelled")

    monkeypatch.setattr(Gauge, "onnx", slow)
    session._recorder._files._files.clear()
    step = session.prune()
    assert session.history.current == step and step.notes == ()
    assert step.metrics.accuracy is not None and step.metrics.latency_ms is None


@pytest.fixture
def interrupts() -> Iterator[None]:
    """Interrupts are heard, even where the tests run in the background and ignore them."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_cancels_and_leaves_a_session_that_is_free(
    session: Session, interrupts: None
) -> None:
    before = State(session)
    at_first_batch(session, _thread.interrupt_main)
    with pytest.raises(KeyboardInterrupt):
        session.submit_finetune(FOREVER).result()
    assert before.holds(session)
    assert session.training.runs[-1].outcome == "cancelled"


def test_the_history_stands_still_while_a_step_is_made(session: Session) -> None:
    session.plan = Plan(ratio=0.5)
    session.prune()
    session.undo()
    training, go = threading.Event(), threading.Event()

    def hold() -> None:
        training.set()
        assert go.wait(WAIT_S)

    at_first_batch(session, hold)
    before = session.history.current
    task = session.submit_finetune(FOREVER)
    assert training.wait(WAIT_S) and session.busy
    message = r"while a step is being made \(now: fine-tuning\)\. Wait for it, or cancel it first"
    for move in (session.undo, session.redo, lambda: session.checkout(1)):
        with pytest.raises(BusyError, match=message):
            move()
    session.plan = Plan(ratio=0.25)
    assert session.predict().kept["conv1"] == 3
    task.cancel()
    go.set()
    with pytest.raises(Cancelled):
        task.result()
    assert session.history.current == before
    assert session.redo().id == 1


def test_the_session_is_free_as_soon_as_a_step_is_there(session: Session) -> None:
    """A busy session right after the wait would refuse every other undo, now and then."""
    for _ in range(10):
        session.prune()
        session.undo()


def test_work_that_waits_uses_what_the_work_before_it_made(session: Session) -> None:
    session.plan = Plan(ratio=0.5)
    first, second = session.submit_prune(), session.submit_finetune(FinetuneSettings(epochs=1))
    session.plan = Plan()
    assert (second.result().parent, second.result().metrics.parameters) == (
        first.result().id,
        first.result().metrics.parameters,
    )


def test_a_learning_rate_that_diverges_leaves_the_session_as_it_was(session: Session) -> None:
    before, events = State(session), heard(session)
    with pytest.raises(TrainingError, match="lower the learning rate"):
        session.finetune(epochs=50, learning_rate=1e30)
    assert before.holds(session)
    (ended,) = [event for event in events if isinstance(event, TaskEnded)]
    assert (ended.kind, ended.outcome) == ("finetune", "failed")
    assert isinstance(ended.error, TrainingError)
    assert session.training.runs[-1].outcome == "failed"


def test_settings_out_of_range_start_nothing(session: Session) -> None:
    before, events = State(session), heard(session)
    with pytest.raises(TrainingError, match=r"epochs of fine-tuning must be .* at least 1, got 0"):
        session.finetune(epochs=0)
    assert before.holds(session) and events == []


@pytest.mark.parametrize("rate", [0, -0.0, math.inf, math.nan])
@pytest.mark.parametrize(
    "train", [Session.finetune, Session.prune_gradually, Session.prune_iteratively]
)
def test_a_learning_rate_that_is_none_starts_nothing(
    session: Session, train: Callable[..., object], rate: float
) -> None:
    before, events = State(session), heard(session)
    message = f"learning_rate of fine-tuning must be above 0 and finite, got {rate}. "
    with pytest.raises(TrainingError, match=re.escape(message)):
        train(session, epochs=1, learning_rate=rate)
    assert before.holds(session) and events == []


def test_a_batch_larger_than_the_data_is_noted_in_the_step(session: Session) -> None:
    assert session.finetune(1, batch_size=4096).notes == (
        "batch_size 4096 is more than the 48 training inputs there are: every epoch was a single "
        "batch.",
    )


def test_a_step_that_cannot_be_exported_is_committed_with_a_note(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown_operator(self: Gauge, model: PrunedModel, monitor: Monitor) -> bytes:
        raise ExportError("aten.foo has no ONNX operator")

    monkeypatch.setattr(Gauge, "onnx", unknown_operator)
    session._recorder._files._files.clear()
    step = session.prune()
    assert session.history.current == step
    assert step.notes == ("latency and file sizes not measured: aten.foo has no ONNX operator",)
    assert step.metrics.accuracy is not None and step.metrics.latency_ms is None


def test_a_runtime_that_breaks_after_the_commit_does_not_fail_the_step(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Gauge, *_: object) -> None:
        raise RuntimeError("out of handles")

    monkeypatch.setattr(Gauge, "deployment", broken)
    assert session.prune().notes == ("latency and file sizes not measured: out of handles",)
