"""A session in which much was done, and what its recipe is replayed with."""

from collections.abc import Callable
from typing import Any

import pytest
from toys import toy_data, toy_net

from workbench import Plan, Session


@pytest.fixture
def travelled(session: Session) -> Session:
    """The toys after steps that were undone, a branch, hand picks, locks and names."""
    session.plan = Plan(ratio=0.25)
    session.prune()
    session.undo()  # not on the path: another plan is carried out instead
    session.plan = Plan(ratio=0.5, criterion="l2").lock("conv2").remove("conv1", [3])
    session.prune()
    session.finetune(1, learning_rate=0.01)
    session.rename(session.history.current.id, name="recovered", remark="one epoch\nis enough")
    session.finetune(2)
    session.undo()
    session.plan = Plan(granularity="weight", ratio=0.5)
    session.prune()
    session.rewind(2)
    session.recalibrate(batches=1)
    session.measure()
    session.targets = {"accuracy": 0.5}
    return session


@pytest.fixture
def own() -> Callable[[], dict[str, Any]]:
    """What a replay of the toys has to be given, new every time."""
    return lambda: {"model": toy_net(), "data": toy_data()}
