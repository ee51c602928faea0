"""The panel of channels: it looks when it is seen, and follows the plan without looking again."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from widgets.panels.channels import ChannelsPanel
from workbench import Plan, Session
from workbench.events import Event, TaskEnded, TaskStarted


class Seen:
    """A panel that is updated at once, and what it submitted."""

    def __init__(self, session: Session) -> None:
        self.session, self.selected, self.visible = session, "conv2", True
        self.started: list[TaskStarted] = []
        self.events: list[Event] = []
        session.events.subscribe(self.events.append)
        self.panel = ChannelsPanel(
            session, lambda: self.selected, lambda: self.visible, self.change, self.settle
        )

    def change(self, change: Callable[[Plan], Plan]) -> None:
        self.session.plan = change(self.session.plan)

    def settle(self) -> None:
        """Update until nothing is under way."""
        deadline = time.monotonic() + 30
        while True:
            self.panel.update()
            if not self.session._tasks.unfinished("channels"):
                break
            assert time.monotonic() < deadline
            time.sleep(0.01)
        for event in self.events:
            self.panel.note(event)
        self.panel.update()

    @property
    def looks(self) -> int:
        return sum(isinstance(e, TaskStarted) and e.kind == "channels" for e in self.events)

    def send(self, message: dict[str, Any]) -> None:
        self.panel.root._receive(None, message, None)


@pytest.fixture
def seen(session: Session) -> Seen:
    return Seen(session)


def test_nothing_is_computed_for_a_panel_nobody_sees(seen: Seen) -> None:
    seen.visible = False
    seen.settle()
    assert (seen.looks, seen.panel.root.described) == (0, {})


def test_the_selected_unit_is_looked_at_once(seen: Seen) -> None:
    seen.settle()
    seen.settle()
    view = seen.panel.root
    assert (seen.looks, view.described["unit"], view.notice) == (1, "conv2", {})
    assert view.states == ["kept"] * 6
    seen.selected = "conv1"
    seen.settle()
    assert (seen.looks, view.described["unit"], len(view.states)) == (2, "conv1", 4)


def test_a_plan_changes_states_without_another_look(seen: Seen) -> None:
    seen.settle()
    atlas = seen.panel.root.atlas
    seen.session.plan = seen.session.plan.with_ratio("conv2", 0.5).with_(criterion="l2")
    seen.settle()
    assert seen.looks == 1
    assert seen.panel.root.atlas is atlas
    assert seen.panel.root.states == ["goes"] * 3 + ["kept"] * 3
    assert seen.panel.root.criterion == "l2"


def test_picks_of_the_page_become_picks_of_the_plan(seen: Seen) -> None:
    seen.settle()
    seen.send({"type": "remove", "unit": "conv2", "channels": [4, 5]})
    seen.send({"type": "keep", "unit": "conv2", "channels": [5]})
    assert seen.session.plan.picks_of("conv2") == ((4,), (5,))
    seen.send({"type": "release", "unit": "conv2", "channels": [4]})
    assert seen.session.plan.picks_of("conv2") == ((), (5,))


def test_after_pruning_the_new_model_is_looked_at_and_picks_show_as_gone(seen: Seen) -> None:
    seen.settle()
    seen.session.plan = seen.session.plan.remove("conv2", [5])
    seen.session.prune()
    seen.settle()
    assert seen.looks == 2
    assert seen.panel.root.states[5] == "gone-by-hand"


def test_other_granularities_say_where_channels_are_picked(seen: Seen) -> None:
    seen.settle()
    seen.session.plan = seen.session.plan.with_(granularity="weight")
    seen.settle()
    assert seen.panel.root.described == {}
    assert "granularity 'channel'; the plan's is 'weight'" in seen.panel.root.notice["text"]


def test_units_that_cannot_be_pruned_are_shown_and_say_why_nothing_can_be_picked(
    seen: Seen,
) -> None:
    seen.selected = "classifier"
    seen.settle()
    assert seen.panel.root.described["unit"] == "classifier"
    assert seen.panel.root.disabled_reason == "not prunable: these are the model outputs"


def test_a_failure_is_shown_and_can_be_tried_again(
    seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **settings: object) -> None:
        raise ValueError("no such <thing>")

    with monkeypatch.context() as patch:
        patch.setattr("workbench.session.inspecting.report_channels", fail)
        seen.settle()
        seen.settle()
    assert any(isinstance(e, TaskEnded) and e.outcome == "failed" for e in seen.events)
    assert seen.panel.root.notice == {
        "text": "The channels could not be looked at: no such <thing>",
        "kind": "error",
    }
    assert seen.looks == 1
    seen.send({"type": "look"})
    assert (seen.looks, seen.panel.root.described["unit"]) == (2, "conv2")
