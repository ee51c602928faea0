"""From a budget to a plan, in a session: what is kept, what is refused, what it leads to."""

import pytest
from watching import State

from workbench import Plan, Session
from workbench.allocation import ALLOCATORS
from workbench.allocation.suggestion import plan_at
from workbench.errors import PlanError
from workbench.session.scoring import Scoring

EVERY = pytest.mark.parametrize("allocator", ALLOCATORS)


@pytest.fixture
def scanned(session: Session) -> Session:
    session.scan_sensitivity(ratios=(0.25, 0.5, 0.75))
    return session


def test_what_can_be_reached_is_known_before_a_scan(session: Session) -> None:
    free = session.reachable()
    assert set(free) == {"parameters", "macs", "size_bytes", "energy"}
    assert 0 < free["macs"] < 0.5
    session.plan = session.plan.with_(max_ratio=0.5)
    capped = session.reachable()
    assert free["macs"] < capped["macs"] < 1
    session.plan = session.plan.lock("conv1", "conv2")
    assert session.reachable()["macs"] == pytest.approx(1)


@EVERY
def test_an_unreachable_budget_names_what_is_reachable(scanned: Session, allocator: str) -> None:
    scanned.plan = Plan(max_ratio=0.5)
    least = f"{scanned.reachable()['macs']:.3f}"
    before = State(scanned)
    with pytest.raises(PlanError, match=f"at least {least} of the dense model, got 0.01"):
        scanned.suggest(macs=0.01, allocator=allocator)
    assert before.holds(scanned)


@EVERY
def test_with_every_unit_locked_a_suggestion_is_refused(scanned: Session, allocator: str) -> None:
    scanned.plan = scanned.plan.lock("conv1", "conv2")
    with pytest.raises(PlanError, match="every unit is locked"):
        scanned.suggest(macs=0.5, allocator=allocator)
    with pytest.raises(PlanError, match="every unit is locked"):
        scanned.suggest(accuracy=0.1, allocator=allocator)


def test_trade_offs_are_kept_until_what_they_depend_on_changes(scanned: Session) -> None:
    assert scanned.known_trade_offs("macs") == {}
    curve = scanned.trade_off(allocator="greedy", metric="macs")
    assert scanned.trade_off(allocator="greedy", metric="macs") is curve
    scanned.plan = scanned.plan.with_ratio("conv1", 0.5)  # ratios do not matter
    assert scanned.known_trade_offs("macs") == {"greedy": curve}
    assert scanned.known_trade_offs("parameters") == {}
    for change in ({"round_to": 2}, {"max_ratio": 0.5}, {"criterion": "l2"}, {"locks": {"conv1"}}):
        before, scanned.plan = scanned.plan, scanned.plan.with_(**change)
        assert scanned.known_trade_offs("macs") == {}, change
        scanned.plan = before
        assert scanned.trade_off(allocator="greedy", metric="macs") == curve


def test_comparing_works_out_every_allocator_that_has_what_it_needs(session: Session) -> None:
    session.submit_comparison("macs").result()
    assert list(session.known_trade_offs("macs")) == ["global", "uniform"]
    assert session.known_trade_offs("macs")["global"][0].accuracy is None
    session.scan_sensitivity(ratios=(0.5,))
    assert session.known_trade_offs("macs") == {}
    session.submit_comparison("macs").result()
    assert list(session.known_trade_offs("macs")) == list(ALLOCATORS)


def test_comparing_and_choosing_gather_the_evidence_that_a_criterion_needs(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Scoring, "follow", lambda self, plan: None)
    session.plan = Plan(criterion="taylor")
    session.submit_comparison("macs").result()
    assert "global" in session.known_trade_offs("macs")
    session.plan = Plan(criterion="taylor_activation")
    assert session.submit_suggestion(macs=0.5, allocator="global").result().plan.ratios


def test_a_submitted_suggestion_is_the_one_that_is_asked_for_directly(scanned: Session) -> None:
    found = scanned.submit_suggestion(macs=0.5).result()
    assert found.plan == scanned.suggest(macs=0.5)
    with pytest.raises(PlanError, match="must be at least"):
        scanned.submit_suggestion(macs=0.001).result()


def test_the_estimate_of_a_plan_on_a_curve_is_that_point(scanned: Session) -> None:
    for point in scanned.trade_off(allocator="best", metric="macs"):
        scanned.plan = plan_at(scanned.plan, point)
        found = scanned.estimate()
        assert found.accuracy == pytest.approx(point.accuracy)
        assert found.shares == pytest.approx(dict(point.shares))


def test_an_estimate_costs_what_the_prediction_says(scanned: Session) -> None:
    scanned.plan = Plan(ratio=0.4).lock("conv1")
    shares, predicted = scanned.estimate().shares, scanned.predict()
    assert shares["macs"] == pytest.approx(predicted.macs / scanned.baseline.macs)
    assert shares["size_bytes"] == pytest.approx(predicted.size_bytes / scanned.baseline.size_bytes)


def test_an_estimate_of_another_plan_leaves_what_is_kept(scanned: Session) -> None:
    scanned.plan = scanned.plan.lock("conv1")
    curve = scanned.trade_off()
    assert scanned.estimate(Plan()).shares["macs"] == pytest.approx(1)
    assert scanned.trade_off() is curve


def test_single_weights_have_no_trade_offs(session: Session) -> None:
    session.plan = Plan(granularity="weight")
    for ask in (session.reachable, session.trade_off, session.estimate):
        with pytest.raises(PlanError, match="must be 'channel', got 'weight'"):
            ask()


def test_an_energy_budget_is_met_by_the_estimate(scanned: Session) -> None:
    dense = scanned.predict().energy_mj
    scanned.plan = scanned.suggest(energy=0.6)
    assert 0.3 * dense < scanned.predict().energy_mj <= 0.6 * dense
