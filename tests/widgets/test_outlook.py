"""What the page is told in advance of a slider's places."""

from collections.abc import Callable

import pytest

from widgets.outlook import PLACES, Lookout, Outlook, ratio_of
from widgets.score_rows import score_rows
from workbench import Session

UNIT = "block2.conv1"


class Thread:
    """Runs what is posted when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def run(self, most: int = 1000) -> None:
        while self.waiting and most:
            self.waiting.pop(0)()
            most -= 1


@pytest.fixture
def thread() -> Thread:
    return Thread()


@pytest.fixture
def shown() -> list[Outlook | None]:
    return []


@pytest.fixture
def lookout(digits: Session, thread: Thread, shown: list[Outlook | None]) -> Lookout:
    return Lookout(digits, thread.waiting.append, shown.append)


def test_every_place_says_what_the_score_board_says_once_the_slider_is_there(
    digits: Session, lookout: Lookout, thread: Thread, shown: list[Outlook | None]
) -> None:
    digits.targets = {"parameters": digits.baseline.parameters * 0.8}
    lookout.look(UNIT)
    thread.run()
    (outlook,) = shown
    assert outlook is not None and outlook.unit == UNIT
    for place in range(0, PLACES, 7):
        digits.plan = digits.plan.with_ratio(UNIT, ratio_of(place))
        assert outlook.kept[place] == digits.predict().kept[UNIT]
        told = outlook.planned[outlook.kept[place]]
        for row in score_rows(digits):
            said = {"planned": row["planned"], "planned_kind": row["planned_kind"]}
            assert told[row["metric"]] == {**said, "met": row["met"]}, (place, row["metric"])
    digits.targets = {}


def test_what_was_measured_of_the_plan_is_not_said_of_other_places(
    digits: Session, lookout: Lookout, thread: Thread, shown: list[Outlook | None]
) -> None:
    digits.plan = digits.plan.with_ratio(UNIT, 0.5)
    digits.preview()
    lookout.look(UNIT)
    thread.run()
    (outlook,) = shown
    assert outlook is not None
    kinds = {cells["accuracy"]["planned_kind"] for cells in outlook.planned.values()}
    assert "measured" not in kinds


def test_it_is_worked_out_bit_by_bit_so_that_hands_are_answered_meanwhile(
    lookout: Lookout, thread: Thread, shown: list[Outlook | None]
) -> None:
    lookout.look(UNIT)
    thread.run(PLACES // 20)
    assert not shown and thread.waiting
    thread.run()
    assert len(shown) == 1


def test_a_look_at_another_unit_ends_the_one_before(
    lookout: Lookout, thread: Thread, shown: list[Outlook | None]
) -> None:
    lookout.look(UNIT)
    lookout.look("block1.conv1")
    thread.run()
    assert [outlook.unit for outlook in shown if outlook] == ["block1.conv1"]


def test_it_holds_while_the_slider_itself_moves(
    digits: Session, lookout: Lookout, thread: Thread
) -> None:
    lookout.look(UNIT)
    thread.run()
    digits.plan = digits.plan.with_ratio(UNIT, 0.4)
    assert lookout.holds()


@pytest.mark.parametrize("finished", [True, False])
def test_it_is_taken_back_when_anything_else_of_the_plan_changes(
    digits: Session,
    lookout: Lookout,
    thread: Thread,
    shown: list[Outlook | None],
    finished: bool,
) -> None:
    lookout.look(UNIT)
    thread.run(1000 if finished else 2)
    digits.plan = digits.plan.with_ratio("block1.conv1", 0.4)
    assert not lookout.holds()
    thread.run()
    assert shown[-1] is None
    assert lookout.holds(), "it is said once"


def test_it_is_taken_back_at_another_step(
    digits: Session, lookout: Lookout, thread: Thread, shown: list[Outlook | None]
) -> None:
    lookout.look(UNIT)
    thread.run()
    digits.plan = digits.plan.with_ratio(UNIT, 0.1)
    digits.prune()
    digits.plan = digits.plan.with_(ratios={})
    assert not lookout.holds()
    assert shown[-1] is None


@pytest.mark.parametrize("unit", ["", "nowhere", "locked"])
def test_there_is_none_of_what_no_hand_can_move(
    digits: Session, lookout: Lookout, thread: Thread, shown: list[Outlook | None], unit: str
) -> None:
    if unit == "locked":
        unit = UNIT
        digits.plan = digits.plan.lock(UNIT)
    lookout.look(unit)
    thread.run()
    assert shown == [None]


def test_another_plan_is_predicted_without_becoming_the_sessions(digits: Session) -> None:
    other = digits.plan.with_ratio(UNIT, 0.5)
    before = digits.predict()
    predicted = digits.predict(other)
    assert predicted.parameters < before.parameters == digits.predict().parameters
    digits.plan = other
    assert digits.predict().parameters == predicted.parameters
