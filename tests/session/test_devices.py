"""Another device or batch size: every step is timed there, and only then it counts."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from watching import heard

from widgets.score_rows import score_rows
from workbench import Session
from workbench.actions import UseDevice
from workbench.devices import LocalCpu
from workbench.errors import DeviceError
from workbench.estimate import Estimate
from workbench.events import ActionTaken, DeviceChanged
from workbench.measure.latency import Latency
from workbench.measure.memory import MemoryUse
from workbench.progress import Monitor


class Board:
    """A device on which the dense network takes 8 ms an input, and others 2 ms."""

    name = "board"

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.failing = False
        self.slowed = 1.0

    def latencies(
        self, models: Mapping[str, bytes], inputs: np.ndarray, *, monitor: Monitor, **_: Any
    ) -> dict[str, Latency]:
        self.asked.append(list(models))
        if self.failing:
            raise DeviceError("board is switched off.")
        one_ms = {name: self.slowed * (8.0 if name == "dense" else 2.0) for name in models}
        ms = {name: len(inputs) * one for name, one in one_ms.items()}
        return {name: Latency.from_samples((one, one)) for name, one in ms.items()}

    def memory(self, model: bytes, inputs: np.ndarray, *, monitor: Monitor) -> tuple[int, int]:
        return 100, 100 + 10 * len(inputs)


@pytest.fixture
def pruned(session: Session) -> Session:
    session.plan = session.plan.with_ratios(0.5)
    session.prune()
    return session


def test_every_step_is_timed_on_another_device(pruned: Session) -> None:
    board, events = Board(), heard(pruned)
    pruned.device = board  # type: ignore[assignment]
    assert pruned.device is board  # type: ignore[comparison-overlap]
    assert board.asked == [["dense", "1"]]
    dense, now = pruned.history[0].metrics, pruned.history[1].metrics
    assert dense.latency_ms is not None and dense.latency_ms.median_ms == 8
    assert dense.speedup is None
    assert now.latency_ms is not None and now.latency_ms.median_ms == 2
    assert now.speedup is not None and now.speedup.value == 4
    assert (now.throughput, now.measured_on) == (500, "board, batch 1")
    assert [e.words for e in events if isinstance(e, DeviceChanged)] == ["board, batch 1"]


def test_many_steps_are_timed_a_few_at_a_time(pruned: Session) -> None:
    for ratio in (0.6, 0.7, 0.75, 0.8, 0.85):
        pruned.plan = pruned.plan.with_ratios(ratio)
        pruned.prune()
    board = Board()
    pruned.use_device(board)
    assert board.asked == [["dense", "1", "2", "3", "4", "5"], ["dense", "6"]]
    assert all(step.metrics.latency_ms is not None for step in pruned.history)


def test_larger_batches_take_longer_and_give_a_throughput(pruned: Session) -> None:
    pruned.use_device(Board(), batch_size=10)
    now = pruned.history.current.metrics
    assert now.latency_ms is not None and now.latency_ms.median_ms == 20
    assert now.throughput == 500
    assert pruned.conditions.words == "board, batch 10"


def test_a_device_that_does_not_answer_changes_nothing(pruned: Session) -> None:
    board = Board()
    pruned.use_device(board)
    metrics, broken = pruned.history.current.metrics, Board()
    broken.failing = True
    with pytest.raises(DeviceError, match="board is switched off"):
        pruned.use_device(broken)
    assert pruned.device is board  # type: ignore[comparison-overlap]
    assert pruned.history.current.metrics == metrics


def test_what_was_learned_and_measured_elsewhere_is_forgotten(pruned: Session) -> None:
    pruned.use_device(Board())
    pruned.time_plan()
    pruned.measure_memory()
    assert pruned.timed is not None and pruned._timing._samples
    pruned.use_device(batch_size=2)
    assert pruned.timed is None and not pruned._timing._samples
    assert pruned.history.current.metrics.peak_memory_bytes is None


def test_plans_are_timed_on_the_device_that_is_selected(pruned: Session) -> None:
    board = Board()
    pruned.use_device(board)
    found = pruned.time_plan()
    assert (found.latency.median_ms, found.speedup.value) == (2, 4)


def test_a_plan_that_removes_no_channel_takes_as_long_as_now(pruned: Session) -> None:
    pruned.use_device(Board())
    pruned.plan = pruned.plan.with_(granularity="weight").with_ratios(0.9)
    found = pruned.predict()
    assert found.latency_ms == Estimate(2, 2, 2) and found.speedup == Estimate(4, 4, 4)
    (row,) = (row for row in score_rows(pruned) if row["metric"] == "latency_ms")
    assert row["planned"] == row["now"] == "2 ms"


def test_what_is_planned_is_told_beside_now_although_the_machine_got_slower(
    pruned: Session,
) -> None:
    board = Board()
    pruned.use_device(board)
    board.slowed = 10
    found = pruned.time_plan()
    assert (found.latency.median_ms, found.speedup.value) == (2, 4)
    assert pruned._forecast.dense_ms == 8


def test_memory_becomes_part_of_what_is_known_of_a_step_and_of_the_dense_model(
    pruned: Session,
) -> None:
    pruned.use_device(Board(), batch_size=3)
    assert pruned.measure_memory() == MemoryUse(130, 100, None)
    for step in pruned.history:
        assert step.metrics.peak_memory_bytes == 130


def test_a_word_stands_for_a_device(session: Session) -> None:
    assert session.device == LocalCpu(1)
    with pytest.raises(DeviceError, match="got 'toaster'"):
        session.device = "toaster"
    assert session.device == LocalCpu(1)


def test_a_quarter_of_a_devices_memory_is_the_target_where_there_is_none(session: Session) -> None:
    session.use_device(Board(), memory_bytes=1_000_000)
    assert session.targets == {"size_bytes": 250_000}
    session.use_device(Board(), memory_bytes=4_000_000)
    assert session.targets == {"size_bytes": 250_000}
    with pytest.raises(DeviceError, match="memory_bytes must be at least 1, got 0"):
        session.use_device(Board(), memory_bytes=0)


@pytest.mark.parametrize("batch_size", [0, -1, 1.5])
def test_a_batch_must_hold_something(session: Session, batch_size: Any) -> None:
    message = f"batch_size must be a whole number of at least 1, got {batch_size}"
    with pytest.raises(DeviceError, match=message):
        session.use_device(batch_size=batch_size)


def test_a_session_on_digits_runs_with_two_threads_and_more_inputs(digits: Session) -> None:
    events = heard(digits)
    digits.use_device("cpu:2", batch_size=4)
    taken = [event.action for event in events if isinstance(event, ActionTaken)]
    latency = digits.history[0].metrics.latency_ms
    assert latency is not None and latency.median_ms > 0
    assert digits.history[0].metrics.measured_on == "this machine's CPU, 2 threads, batch 4"
    assert taken == [UseDevice("cpu:2", 4)]
    digits.use_device("cpu", batch_size=1)
