import dataclasses

import pytest

from workbench.events import Event, EventBus, HistoryChanged, TrainingStarted


def test_every_listener_gets_every_event_in_order() -> None:
    bus = EventBus()
    first: list[Event] = []
    second: list[Event] = []
    bus.subscribe(first.append)
    bus.subscribe(second.append)
    sent = [TrainingStarted(3), HistoryChanged(1), TrainingStarted(1)]
    for event in sent:
        bus.emit(event)
    assert first == second == sent


def test_who_unsubscribes_hears_no_more_and_may_do_so_twice() -> None:
    bus = EventBus()
    heard: list[Event] = []
    unsubscribe = bus.subscribe(heard.append)
    bus.emit(HistoryChanged(1))
    unsubscribe()
    unsubscribe()
    bus.emit(HistoryChanged(2))
    assert heard == [HistoryChanged(1)]


def test_a_listener_that_fails_is_logged_and_the_others_hear_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bus = EventBus()
    heard: list[Event] = []

    def fail(event: Event) -> None:
        raise RuntimeError("broken chart")

    bus.subscribe(fail)
    bus.subscribe(heard.append)
    bus.emit(HistoryChanged(1))
    assert heard == [HistoryChanged(1)]
    assert "a listener failed on HistoryChanged" in caplog.text
    assert "broken chart" in caplog.text


def test_a_listener_may_unsubscribe_while_it_listens() -> None:
    bus = EventBus()
    heard: list[Event] = []
    by_another: list[Event] = []

    def once(event: Event) -> None:
        heard.append(event)
        unsubscribe()

    unsubscribe = bus.subscribe(once)
    bus.subscribe(by_another.append)
    bus.emit(HistoryChanged(1))
    bus.emit(HistoryChanged(2))
    assert heard == [HistoryChanged(1)]
    assert by_another == [HistoryChanged(1), HistoryChanged(2)]


def test_events_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        HistoryChanged(1).current_id = 2  # type: ignore[misc]
