"""Accuracy of plans: expected once a scan and some plans were measured, with an error bar."""

from collections.abc import Iterator

import pytest
from watching import heard

from workbench import Session
from workbench.events import AccuracyLearned
from workbench.progress import Cancelled
from workbench.sensitivity.excess import FEWEST_PLANS
from workbench.session import anticipating
from workbench.session.anticipating import OUTCOMES

RATIOS = (0.3, 0.6, 0.9)


@pytest.fixture
def scanned(session: Session) -> Iterator[Session]:
    """The toys, with sensitivity measured."""
    session.scan_sensitivity(ratios=RATIOS)
    session.plan = session.plan.with_ratios(0.5)
    return session


def outcomes(session: Session) -> list[object]:
    known = session._anticipation._fitting(session.plan)
    return [] if known is None else list(known.outcomes)


def checked(session: Session) -> list[object]:
    known = session._anticipation._fitting(session.plan)
    return [] if known is None else list(known.checked)


def test_without_a_scan_nothing_is_expected(session: Session) -> None:
    session.plan = session.plan.with_ratios(0.5)
    session.learn_accuracy()
    assert session.predict().accuracy is None


def test_accuracy_is_expected_once_plans_were_measured(scanned: Session) -> None:
    assert scanned.predict().accuracy is None and not scanned.accuracy_learned
    events = heard(scanned)
    scanned.learn_accuracy()
    assert scanned.accuracy_learned
    assert sum(isinstance(event, AccuracyLearned) for event in events) == 1
    expected = scanned.predict().accuracy
    assert expected is not None
    assert 0 <= expected.low <= expected.value <= expected.high <= 1


def test_every_preview_is_learned_from(scanned: Session) -> None:
    scanned.learn_accuracy()
    expected = scanned.predict().accuracy
    found = scanned.preview()
    last = scanned._anticipation._fitting(scanned.plan).outcomes[-1]  # type: ignore[union-attr]
    assert len(outcomes(scanned)) == OUTCOMES + 1
    assert last.accuracy == found.accuracy
    assert expected is not None and last.error == pytest.approx(expected.value - found.accuracy)


def test_previews_before_learning_take_the_place_of_no_plan_that_is_learned_from(
    scanned: Session,
) -> None:
    for percent in range(1, OUTCOMES + 1):
        scanned.plan = scanned.plan.with_ratios(percent / 100)
        scanned.preview()
    assert not scanned.accuracy_learned
    scanned.learn_accuracy()
    assert scanned.accuracy_learned
    assert scanned._anticipation.anchors(scanned.plan) is not None


def test_learning_goes_on_where_it_was_stopped(
    scanned: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = scanned._anticipation.learn(scanned.plan)

    class Impatient:
        def report(self, done: float, total: float, message: str = "") -> None:
            if done > total / 5:
                raise Cancelled("enough")

    with pytest.raises(Cancelled):
        work(Impatient())
    before = outcomes(scanned)
    assert 0 < len(before) < OUTCOMES
    scanned.learn_accuracy()
    assert outcomes(scanned)[: len(before)] == before
    assert len(outcomes(scanned)) == OUTCOMES


def test_plans_that_are_spot_checked_are_learned_from_as_well(
    scanned: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanned.learn_accuracy()
    assert checked(scanned) == [], "so few inputs are not sure enough"
    monkeypatch.setattr(anticipating, "SURE_ANCHORS", 1)
    monkeypatch.setattr(anticipating, "CHECKED", FEWEST_PLANS)
    assert not scanned.accuracy_learned
    before, settled = scanned.predict().accuracy, scanned._anticipation.settled(scanned.plan)
    scanned.learn_accuracy()
    assert scanned.accuracy_learned and len(checked(scanned)) == FEWEST_PLANS
    assert scanned.predict().accuracy != before
    assert scanned._anticipation.settled(scanned.plan) is settled


def test_what_was_expected_of_one_model_is_not_said_of_another(scanned: Session) -> None:
    scanned.learn_accuracy()
    scanned.prune()
    assert scanned.predict().accuracy is None
    scanned.undo()
    assert scanned.predict().accuracy is not None


def test_plans_are_not_compared_with_a_scan_that_recalibrated(session: Session) -> None:
    session.scan_sensitivity(ratios=RATIOS, recalibrate=True)
    session.plan = session.plan.with_ratios(0.5)
    session.preview()
    assert outcomes(session) == []
    assert session.accuracy_learned


def test_trade_offs_stay_as_they_are_while_plans_are_measured(scanned: Session) -> None:
    scanned.learn_accuracy()
    before = scanned.suggestion(macs=0.6)
    scanned.preview()
    assert scanned.suggestion(macs=0.6).curve is before.curve
