"""Names and remarks of steps."""

import re
from typing import Any

import pytest
from watching import heard

from workbench import Plan, Session
from workbench.errors import HistoryError
from workbench.events import ActionTaken, HistoryChanged


def test_a_step_takes_a_name_and_a_remark_and_says_so(session: Session) -> None:
    session.plan = Plan(ratio=0.5)
    session.prune()
    session.undo()
    events = heard(session)
    step = session.rename(1, name="  half  ", remark="first try\r\nworks")
    assert (step.name, step.remark, step.title) == ("half", "first try\nworks", "half")
    assert session.history[1] == step
    assert [type(event) for event in events] == [HistoryChanged, ActionTaken]


def test_what_is_left_out_stays_and_an_empty_text_takes_away(session: Session) -> None:
    session.rename(0, name="dense", remark="as it came")
    assert session.rename(0, name="").remark == "as it came"
    assert session.history[0].title == "opened ToyNet"
    session.rename(0, remark="")
    assert (session.history[0].name, session.history[0].remark) == ("", "")


def test_a_name_survives_what_is_measured_afterwards(session: Session) -> None:
    session.rename(0, name="dense")
    session._history.measured(0, session.history[0].metrics)
    session._history.annotate(0, "noted")
    assert (session.history[0].name, session.history[0].notes) == ("dense", ("noted",))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"name": "x" * 81}, "name of a step must have at most 80 characters, got 81"),
        ({"remark": "x" * 2001}, "remark of a step must have at most 2000 characters, got 2001"),
        ({"name": "a\nb"}, r"must not hold control characters, got '\n' at position 1"),
        ({"name": "a\x1b[2J"}, r"must not hold control characters, got '\x1b' at position 1"),
        ({"remark": "ab\x00"}, r"must not hold control characters, got '\x00' at position 2"),
        ({"name": "\ud800"}, r"must not hold halves of characters, got '\ud800' at position 0"),
        ({"name": "a\u2028b"}, r"must not hold line separators, got '\u2028' at position 1"),
        ({"name": 7}, "name of a step must be text, got 7"),
    ],
)
def test_what_is_no_name_or_remark_is_refused(
    session: Session, asked: dict[str, Any], message: str
) -> None:
    session.rename(0, name="dense", remark="as it came")
    before = session.history[0]
    with pytest.raises(HistoryError, match=re.escape(message)):
        session.rename(0, **{"name": "other", **asked})
    assert session.history[0] == before


def test_a_step_that_is_not_there_cannot_be_named(session: Session) -> None:
    with pytest.raises(HistoryError, match="step must be one of 0 to 0, got 3"):
        session.rename(3, name="x")
