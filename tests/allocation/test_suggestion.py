"""From a budget to a plan."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from allocation.problems import PLAN, model, problem

from workbench.allocation import ALLOCATORS, allocator_named
from workbench.allocation.suggestion import (
    reachable,
    suggest_above,
    suggest_within,
    trade_off,
)
from workbench.errors import PlanError
from workbench.estimate import Estimates
from workbench.plan import Plan
from workbench.predict import Predictor
from workbench.progress import Cancelled


def falling(ratios: Mapping[str, np.ndarray]) -> Estimates:
    values = np.asarray(1 - sum(ratios.values()) / 10)
    return Estimates(values, values - 0.02, values + 0.01)


@pytest.mark.parametrize("name", ALLOCATORS)
def test_the_plan_costs_what_the_suggestion_says(name: str) -> None:
    found = suggest_within(problem(PLAN), PLAN, allocator_named(name), "macs", 0.5, falling)
    predictor = Predictor(model())
    dense, planned = predictor.predict(Plan()), predictor.predict(found.plan)
    assert planned.macs / dense.macs == pytest.approx(found.point.shares["macs"])
    assert planned.macs / dense.macs <= 0.5


def test_the_smallest_network_above_an_accuracy_is_taken_from_the_curve() -> None:
    found = suggest_above(problem(PLAN), PLAN, allocator_named("best"), "macs", 0.9, falling)
    assert found.point.accuracy is not None and found.point.accuracy >= 0.9
    smaller = [p for p in found.curve if p.shares["macs"] < found.point.shares["macs"]]
    assert smaller and all((p.accuracy or 0) < 0.9 for p in smaller)


def test_an_impossible_budget_names_what_can_be_reached() -> None:
    of = problem(PLAN)
    least = f"{reachable(of)['macs']:.3f}"
    with pytest.raises(PlanError, match=f"at least {least} of the dense model, got 0.01"):
        suggest_within(of, PLAN, allocator_named("best"), "macs", 0.01, falling)


def test_an_accuracy_out_of_reach_names_the_best_there_is() -> None:
    with pytest.raises(PlanError, match=r"at most 1\.0000.*got 1\.5"):
        suggest_above(problem(PLAN), PLAN, allocator_named("best"), "macs", 1.5, falling)


@pytest.mark.parametrize("share", [0, -0.5, 1.2])
def test_a_budget_outside_its_range_is_refused(share: float) -> None:
    with pytest.raises(PlanError, match=r"in \(0, 1\], .*got "):
        suggest_within(problem(PLAN), PLAN, allocator_named("best"), "macs", share, falling)


def test_an_unknown_metric_is_refused() -> None:
    with pytest.raises(PlanError, match="one of parameters, macs, size_bytes, energy; got 'charm'"):
        suggest_within(problem(PLAN), PLAN, allocator_named("best"), "charm", 0.5, falling)


@pytest.mark.parametrize("name", ALLOCATORS)
def test_with_everything_locked_there_is_nothing_to_suggest(name: str) -> None:
    plan = PLAN.lock("0", "2", "4")
    assert reachable(problem(plan))["macs"] == 1
    with pytest.raises(PlanError, match=r"got none: every unit is locked.*plan\.unlock"):
        suggest_within(problem(plan), plan, allocator_named(name), "macs", 0.5, falling)
    with pytest.raises(PlanError, match="got none: every unit is locked"):
        suggest_above(problem(plan), plan, allocator_named(name), "macs", 0.5, falling)


def test_a_locked_unit_keeps_the_ratio_it_would_have_unlocked() -> None:
    plan = PLAN.with_ratio("2", 0.5).with_ratio("0", 0.25).lock("2")
    found = suggest_within(problem(plan), plan, allocator_named("best"), "macs", 0.6, falling)
    assert found.plan.ratios["2"] == 0.5
    assert "2" not in found.point.ratios
    assert found.plan.ratio_of("2") == 0


def test_a_known_trade_off_is_not_worked_out_again() -> None:
    of, rule = problem(PLAN), allocator_named("greedy")
    known = trade_off(of, rule, "macs", falling)
    found = suggest_within(of, PLAN, rule, "macs", 0.5, falling, known)
    assert found.curve is known.points
    assert found == replace(suggest_within(of, PLAN, rule, "macs", 0.5, falling), curve=found.curve)


def test_a_trade_off_can_be_cancelled() -> None:
    class Stop:
        def report(self, done: float, total: float, message: str = "") -> None:
            raise Cancelled(message)

    for name in ("best", "greedy"):
        with pytest.raises(Cancelled):
            trade_off(problem(PLAN), allocator_named(name), "macs", falling, Stop())


@pytest.mark.parametrize("name", ALLOCATORS)
def test_a_trade_off_only_shrinks_and_jumps_no_further_than_single_channels_do(name: str) -> None:
    of = problem(Plan(), sizes=(64, 128, 64))
    path = trade_off(of, allocator_named(name), "macs", falling).path
    steps = -np.diff(path, axis=0)
    assert (steps >= 0).all() and steps.any(axis=1).all()
    assert np.diff(of.share("macs", path)).min() > -0.05


def test_points_carry_the_error_bars_of_their_accuracy() -> None:
    for point in trade_off(problem(PLAN), allocator_named("best"), "macs", falling).points:
        assert point.bar is not None and point.bar.value == point.accuracy
        assert (point.bar.low, point.bar.high) == pytest.approx(
            (point.bar.value - 0.02, point.bar.value + 0.01)
        )
