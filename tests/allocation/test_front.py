"""Trade-offs in latency, on a device where counts that miss its blocks are slow."""

import dataclasses
from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pytest
from allocation.problems import problem

from workbench.allocation import allocator_named
from workbench.allocation.problem import Problem
from workbench.allocation.suggestion import (
    Suggestion,
    reachable,
    suggest_above,
    suggest_within,
    trade_off,
)
from workbench.errors import PlanError
from workbench.estimate import Estimates
from workbench.plan import Plan

SIZES = (24, 32, 24)
PLAN = Plan(max_ratio=0.75)


def accuracy(ratios: Mapping[str, np.ndarray]) -> Estimates:
    return Estimates(np.asarray(1 - sum(ratios.values()) / 10))


def blocky(kept: Mapping[str, np.ndarray]) -> np.ndarray:
    """Time grows with the blocks of 8, and doubles where a count fills none."""
    times = sum(np.ceil(row / 8) * np.where(row % 8, 2, 1) for row in kept.values())
    return np.asarray(times / 10)


def timed(plan: Plan = PLAN) -> Problem:
    return dataclasses.replace(problem(plan, SIZES), predicted={"latency": blocky})


def asked(share: float, *, plan: Plan = PLAN, known: bool = True) -> Suggestion:
    expected = accuracy if known else lambda ratios: None
    best = allocator_named("best")
    return suggest_within(timed(plan), plan, best, "latency", share, expected)


def counts(found: Suggestion) -> dict[str, np.ndarray]:
    sizes = dict(zip(found.point.ratios, SIZES, strict=True))
    return {u: np.array([round((1 - r) * sizes[u])]) for u, r in found.point.ratios.items()}


@pytest.mark.parametrize("share", [0.9, 0.7, 0.5])
def test_the_plan_is_predicted_to_be_as_fast_as_asked(share: float) -> None:
    found = asked(share)
    assert blocky(counts(found))[0] <= share
    assert found.plan.ratios == found.point.ratios


def test_counts_fit_the_blocks_where_that_is_what_makes_them_fast() -> None:
    assert all(count[0] % 8 == 0 for count in counts(asked(0.7)).values())


def test_of_networks_that_are_fast_enough_the_most_accurate_is_taken() -> None:
    slower, faster = asked(0.9).point.accuracy, asked(0.5).point.accuracy
    assert slower is not None and faster is not None and slower > faster


def test_without_sensitivity_the_one_with_the_most_multiply_adds_is_taken() -> None:
    found = asked(0.7, known=False)
    assert found.point.accuracy is None
    assert found.point.shares["macs"] > asked(0.5, known=False).point.shares["macs"]


def test_caps_hold() -> None:
    found = asked(0.9, plan=Plan(max_ratio=0.4))
    assert all(ratio <= 0.4 for ratio in found.point.ratios.values())


def test_a_latency_out_of_reach_names_the_least_there_is() -> None:
    with pytest.raises(PlanError, match=r"budget latency must be at least 0\.\d+ .*got 0\.05"):
        asked(0.05)


@pytest.mark.parametrize("share", [0, 1.5])
def test_a_latency_outside_its_range_is_refused(share: float) -> None:
    with pytest.raises(PlanError, match=rf"in \(0, 1\].*got {share}"):
        asked(share)


def test_a_trade_off_in_latency_never_gets_slower_or_better() -> None:
    points = trade_off(timed(), allocator_named("best"), "latency", accuracy).points
    assert len(points) > 3
    for before, after in pairwise(points):
        assert before.shares["latency"] >= after.shares["latency"]
        assert before.accuracy is not None and after.accuracy is not None
        assert before.accuracy >= after.accuracy


def test_the_least_latency_is_known_beforehand() -> None:
    of = timed()
    fastest = trade_off(of, allocator_named("best"), "latency", accuracy).points[-1]
    assert reachable(of)["latency"] == pytest.approx(fastest.shares["latency"])
    assert "latency" not in reachable(problem(PLAN, SIZES))


def test_above_an_accuracy_the_fastest_is_taken() -> None:
    found = suggest_above(timed(), PLAN, allocator_named("best"), "latency", 0.85, accuracy)
    assert found.point.accuracy is not None and found.point.accuracy >= 0.85
    faster = [
        point for point in found.curve if point.shares["latency"] < found.point.shares["latency"]
    ]
    assert all(point.accuracy is not None and point.accuracy < 0.85 for point in faster)
