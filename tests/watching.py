"""What tests of a session watch: that nothing changed, what was reported, and what comes about."""

import time
from collections.abc import Callable

import torch

from workbench import Session
from workbench.events import BatchTrained, Event
from workbench.training import FinetuneSettings

WAIT_S = 20
"""Long enough for a busy machine; only a test that fails waits as long."""

FOREVER = FinetuneSettings(epochs=100_000)
"""Training that ends only when it is cancelled."""


_PATIENCE_S = 120


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds; fail when patience ends."""
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


class State:
    """All that a mistake must leave as it was."""

    def __init__(self, session: Session) -> None:
        self.plan, self.targets = session.plan, session.targets
        self.steps, self.current = tuple(session.history), session.history.current
        self.model = session.model
        self.tensors = {name: tensor.clone() for name, tensor in session.model.state_dict().items()}

    def holds(self, session: Session) -> bool:
        now = session.model.state_dict()
        return (
            (session.plan, session.targets) == (self.plan, self.targets)
            and tuple(session.history) == self.steps
            and session.history.current == self.current
            and session.model is self.model
            and self.tensors.keys() == now.keys()
            and all(torch.equal(tensor, now[name]) for name, tensor in self.tensors.items())
            and not session.busy
        )


def heard(session: Session) -> list[Event]:
    """Everything that is reported from now on."""
    events: list[Event] = []
    session.events.subscribe(events.append)
    return events


def at_first_batch(session: Session, do: Callable[[], None]) -> None:
    """Do something in the engine thread as soon as the first batch was trained."""

    def listen(event: Event) -> None:
        if isinstance(event, BatchTrained):
            unsubscribe()
            do()

    unsubscribe = session.events.subscribe(listen)
