"""Which parts of the screen an event draws again: every event is listed, every name is a view."""

import pytest

from widgets import Workbench
from widgets.views import _BY_EVENT, views_of
from workbench import Session, events
from workbench.events import Event, TaskEnded, TaskProgress, TaskStarted

TASK = (1, "prune", "pruning")


def kinds_of_event() -> list[type[Event]]:
    return [
        kind
        for kind in vars(events).values()
        if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event
    ]


@pytest.mark.parametrize("kind", kinds_of_event())
def test_every_event_is_drawn_somewhere(kind: type[Event]) -> None:
    assert kind in _BY_EVENT or kind in (TaskStarted, TaskEnded)


def test_every_name_is_a_view(digits: Session) -> None:
    workbench = Workbench(digits)
    try:
        known = set(workbench._dispatcher._views)
    finally:
        workbench.close()
    started, ended = TaskStarted(*TASK), TaskEnded(1, "evidence", "scoring", "done")
    named = {*views_of(started), *views_of(ended), *sum(_BY_EVENT.values(), ())}
    assert named <= known
    assert known - named == {"late"}  # makes panels that nobody has seen; no event draws them


def test_what_answers_a_slider_leaves_the_controls_alone() -> None:
    assert "controls" in views_of(TaskStarted(*TASK))
    assert "controls" not in views_of(TaskStarted(2, "timing", "timing"))


def test_progress_is_shown_in_the_status_line() -> None:
    assert "status" in views_of(TaskProgress(1, "prune", 1, 2, "", None))
