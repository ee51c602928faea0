"""Spot checks: a plan's accuracy from few probe inputs, while a slider rests."""

import pytest
from watching import State, heard

from workbench import Session
from workbench.events import PlanSpotChecked

RATIOS = (0.3, 0.6, 0.9)


@pytest.fixture
def learned(session: Session) -> Session:
    """The toys, with accuracy learned."""
    session.scan_sensitivity(ratios=RATIOS)
    session.plan = session.plan.with_ratios(0.5)
    session.learn_accuracy()
    return session


def test_before_plans_were_measured_there_is_nothing_to_check_by(session: Session) -> None:
    session.plan = session.plan.with_ratios(0.5)
    assert session.spot_check() is None and not session.worth_a_spot_check


def test_a_prediction_is_the_spot_check_of_its_plan(learned: Session) -> None:
    assert learned.worth_a_spot_check
    events = heard(learned)
    found = learned.spot_check()
    assert found is not None and learned.predict().accuracy is found
    assert PlanSpotChecked(learned.plan) in events
    assert not learned.worth_a_spot_check
    learned.plan = learned.plan.with_ratio("conv1", 0.1)
    assert learned.predict().accuracy is not found and learned.worth_a_spot_check


def test_a_spot_check_runs_few_inputs_and_changes_nothing(learned: Session) -> None:
    anchors = learned._anticipation.anchors(learned.plan)
    assert anchors is not None
    asked = learned._spot_checks._probing.some(anchors.places)
    assert len(asked) == len(anchors.places) < len(learned.dataset.probe)
    assert asked.labels.tolist() == learned.dataset.probe.labels[anchors.places].tolist()
    before = State(learned)
    learned.spot_check()
    assert before.holds(learned)


def test_what_was_checked_of_one_model_is_not_said_of_another(learned: Session) -> None:
    plan, found = learned.plan, learned.spot_check()
    learned.prune()
    learned.plan = plan
    assert learned.predict().accuracy is None
    learned.undo()
    assert learned.predict().accuracy is found


def test_a_measured_plan_is_not_worth_a_spot_check(learned: Session) -> None:
    learned.preview()
    assert not learned.worth_a_spot_check


def test_a_check_of_a_plan_that_was_left_is_dropped(learned: Session) -> None:
    check = learned.submit_spot_check()
    learned.plan = learned.plan.with_ratio("conv1", 0.2)
    assert check.cancelled
