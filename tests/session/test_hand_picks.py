"""Hand-picked channels in a session: from the plan to the model, the figures and back."""

import pytest

from workbench import Session
from workbench.errors import PlanError


def test_what_a_person_picks_is_what_pruning_does(session: Session) -> None:
    session.plan = session.plan.with_ratios(0.5).remove("conv2", [5]).keep("conv2", [0])
    predicted = session.predict()
    step = session.prune()
    assert session.alive()["conv2"].tolist() == [True, False, False, True, True, False]
    assert step.metrics.parameters == predicted.parameters


def test_picks_outlive_other_criteria_and_pruning(session: Session) -> None:
    session.plan = session.plan.remove("conv2", [5])
    session.plan = session.plan.with_(criterion="l2")
    session.prune()
    assert session.plan.picks_of("conv2") == ((5,), ())
    assert not session.alive()["conv2"][5]
    session.undo()
    assert session.alive()["conv2"][5]


def test_a_channel_the_model_does_not_have_leaves_the_plan_as_it_was(session: Session) -> None:
    before = session.plan
    with pytest.raises(PlanError, match=r"\[0, 5\], got 6"):
        session.plan = session.plan.remove("conv2", [6])
    assert session.plan == before


def test_figures_of_other_units_outlive_a_pick(session: Session) -> None:
    session.scan_sensitivity(ratios=(0.5,))
    known = session.sensitivity["conv1"]
    session.plan = session.plan.remove("conv2", [5])
    assert session.sensitivity == {"conv1": known}
    with pytest.raises(PlanError, match=r"other channels of 'conv2' were picked since the scan"):
        session.suggest(macs=0.9)
    session.scan_sensitivity(ratios=(0.5,))
    assert set(session.sensitivity) == {"conv1", "conv2"}
    assert session.suggest(macs=0.9).picks_of("conv2") == ((5,), ())
    session.plan = session.plan.release("conv2")
    assert set(session.sensitivity) == {"conv1"}


def test_a_preview_sees_picks(session: Session) -> None:
    session.plan = session.plan.remove("conv2", [0, 1, 2, 3, 4])
    session.preview()
    assert session.previewed is not None
    before = session.previewed.loss
    session.plan = session.plan.release("conv2", [0, 1, 2, 3])
    assert session.preview().loss != before
