"""Estimates of a session."""

import pytest
from watching import State, heard

from workbench import Session
from workbench.errors import UnknownUnitError
from workbench.events import SensitivityEstimated
from workbench.progress import Cancelled


def test_an_estimate_is_kept_and_reported(session: Session) -> None:
    events = heard(session)
    curves = session.estimate_sensitivity(ratios=(0.25, 0.5))
    assert set(curves) == {"conv1", "conv2"}
    assert session.estimated_sensitivity == curves
    assert [event for event in events if isinstance(event, SensitivityEstimated)]


def test_an_estimate_changes_nothing(session: Session) -> None:
    before = State(session)
    session.estimate_sensitivity()
    assert before.holds(session)
    assert session.sensitivity == {}, "an estimate is no measurement"


def test_an_estimate_belongs_to_one_model_and_one_rule(session: Session) -> None:
    session.estimate_sensitivity()
    session.plan = session.plan.with_(criterion="l2")
    assert session.estimated_sensitivity == {}
    session.plan = session.plan.with_(criterion="l1").with_ratio("conv1", 0.5)
    assert set(session.estimated_sensitivity) == {"conv1", "conv2"}
    session.prune()
    assert session.estimated_sensitivity == {}


def test_a_criterion_that_reads_training_data_gets_its_evidence(session: Session) -> None:
    session.plan = session.plan.with_(criterion="fisher")
    assert set(session.estimate_sensitivity()) == {"conv1", "conv2"}


def test_a_cancelled_estimate_leaves_none(session: Session) -> None:
    task = session.submit_estimate()
    task.cancel()
    with pytest.raises(Cancelled):
        task.result()
    assert session.estimated_sensitivity == {}


def test_a_unit_that_does_not_exist_is_refused(session: Session) -> None:
    with pytest.raises(UnknownUnitError, match="no channel unit 'frist'"):
        session.estimate_sensitivity(units=["frist"])
