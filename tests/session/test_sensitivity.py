"""Scans and suggestions of a session."""

from typing import Any

import pytest
from watching import State, heard

from workbench import Plan, Session
from workbench.errors import PlanError, WorkbenchError
from workbench.events import PointMeasured
from workbench.progress import Cancelled
from workbench.sensitivity.onnx_route import _Runs
from workbench.sensitivity.targets import AnyTarget
from workbench.session.sensing import ScanSettings


def test_a_scan_reports_every_point_and_the_session_keeps_them(session: Session) -> None:
    events = heard(session)
    found = session.scan_sensitivity(ratios=(0.25, 0.5))
    assert set(found.units) == {"conv1", "conv2"}
    reported = {(e.unit, e.ratio): e.accuracy for e in events if isinstance(e, PointMeasured)}
    assert reported == {(p.unit, p.ratio): p.accuracy for p in found.points}
    assert session.sensitivity == {unit: found.of(unit) for unit in found.units}


def test_a_scan_changes_nothing(session: Session) -> None:
    before = State(session)
    session.scan_sensitivity(ratios=(0.5,))
    assert before.holds(session)


def test_figures_belong_to_one_model_and_one_rule(session: Session) -> None:
    session.scan_sensitivity(ratios=(0.5,))
    session.plan = session.plan.with_(criterion="l2")
    assert session.sensitivity == {}
    session.plan = session.plan.with_(criterion="l1").with_ratio("conv1", 0.5)
    assert set(session.sensitivity) == {"conv1", "conv2"}
    session.prune()
    assert session.sensitivity == {}
    session.undo()
    assert set(session.sensitivity) == {"conv1", "conv2"}


def test_a_cancelled_scan_leaves_what_was_measured(session: Session) -> None:
    def stop_at_the_first(event: object) -> None:
        if isinstance(event, PointMeasured):
            session.cancel()

    session.events.subscribe(stop_at_the_first)
    with pytest.raises(Cancelled):
        session.scan_sensitivity(ratios=(0.25, 0.5))
    assert sum(len(points) for points in session.sensitivity.values()) >= 1


@pytest.mark.parametrize("mode", ["exact", "adaptive"])
def test_a_scan_goes_on_where_a_cancelled_one_stopped(
    session: Session, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    ran: list[tuple[str, float]] = []
    call = _Runs.__call__

    def note(self: _Runs, target: AnyTarget, *rest: Any) -> Any:
        ran.append((target.unit, target.ratio))
        return call(self, target, *rest)

    def stop_after_the_first_unit(event: object) -> None:
        if isinstance(event, PointMeasured) and event.unit == "conv2":
            session.cancel()

    monkeypatch.setattr(_Runs, "__call__", note)
    unsubscribe = session.events.subscribe(stop_after_the_first_unit)
    with pytest.raises(Cancelled):
        session.scan_sensitivity(mode=mode)
    unsubscribe()
    kept = session.sensitivity
    assert len(kept["conv1"]) == 9
    ran.clear()
    whole = session.scan_sensitivity(mode=mode)
    assert {unit for unit, _ in ran} == {"conv2"}
    assert whole.of("conv1") == kept["conv1"]
    ran.clear()
    assert session.scan_sensitivity(mode=mode) == whole
    assert ran == []


def test_a_scan_that_is_refused_leaves_the_session_as_it_was(session: Session) -> None:
    session.scan_sensitivity(ratios=(0.5,))
    before, known = State(session), dict(session.sensitivity)
    for settings, message in (
        ({"ratios": (1.5,)}, r"must be in \(0, 1\), got 1\.5"),
        ({"units": ["conv9"]}, "no channel unit 'conv9'"),
        ({"units": []}, "at least 1 unit"),
        ({"executor": "all of them"}, r"must be a concurrent\.futures\.Executor"),
    ):
        with pytest.raises(WorkbenchError, match=message):
            session.scan_sensitivity(**settings)
    assert before.holds(session)
    assert session.sensitivity == known


def test_a_new_scan_drops_the_one_under_way(session: Session) -> None:
    settings = ScanSettings("exact", (0.5,), None, recalibrate=False)
    first, second = session.submit_scan(settings), session.submit_scan(settings)
    assert second.result().units == ("conv1", "conv2")
    assert first.done


def test_a_suggestion_keeps_within_its_budget_and_is_not_adopted(session: Session) -> None:
    session.scan_sensitivity(ratios=(0.25, 0.5, 0.75))
    before = session.plan
    plan = session.suggest(macs=0.5)
    assert session.plan == before
    session.plan = plan
    assert session.predict().macs <= 0.5 * session.baseline.macs


def test_a_suggestion_without_a_scan_says_what_to_do(session: Session) -> None:
    with pytest.raises(PlanError, match=r"'best' needs measured sensitivity.*scan_sensitivity\(\)"):
        session.suggest(macs=0.5)
    assert session.suggest(macs=0.5, allocator="uniform").ratios


@pytest.mark.parametrize("budgets", [{}, {"macs": 0.5, "parameters": 0.5}])
def test_a_suggestion_needs_exactly_one_budget(session: Session, budgets: dict[str, float]) -> None:
    with pytest.raises(PlanError, match="exactly one budget"):
        session.suggest(**budgets)


def test_single_weights_have_no_suggestions_yet(session: Session) -> None:
    session.plan = Plan(granularity="weight")
    with pytest.raises(PlanError, match="must be 'channel', got 'weight'"):
        session.suggest(macs=0.5, allocator="uniform")
