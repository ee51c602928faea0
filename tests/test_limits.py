"""Floors and caps: they hold for every unit, and totals are met where they allow it."""

import numpy as np
import pytest
from choosing import chosen, places, result

from workbench import Plan
from workbench.selection import UnitResult

NAMES = "abcd"


def test_a_request_beyond_a_cap_or_floor_is_clamped_with_the_reason() -> None:
    plan = Plan(ratio=0.9, max_ratio=0.75, ratios={"b": 0.1}).with_bounds("b", min_ratio=0.25)
    selection = chosen({"a": [1.0] * 8, "b": [1.0] * 8}, plan)
    assert selection.results == (
        UnitResult("a", 0.9, 0.75, 2, 8, "at most 75 % of it may go"),
        UnitResult("b", 0.1, 0.25, 6, 8, "at least 25 % of it must go"),
    )


@pytest.mark.parametrize(
    ("floor", "cap", "ratio", "kept"),
    [
        (0, 0.85, 0.9, 2),  # 8.5 of 10 may go: 8
        (0.25, 1, 0, 7),  # 2.5 of 10 must go: 3
        (0.29, 0.29, 0.5, 71),  # 29 of 100, which 0.29 * 100 is a little less than
        (0.41, 0.44, 0.5, 6),  # no whole count of 10 in between: the cap holds
        (0, 0, 0.5, 10),
        (0.99, 1, 0, 1),
    ],
)
def test_bounds_hold_for_whole_counts(floor: float, cap: float, ratio: float, kept: int) -> None:
    size = 100 if floor == 0.29 else 10
    plan = Plan(ratio=ratio, min_ratio=floor, max_ratio=cap)
    assert result(chosen({"a": [1.0] * size}, plan), "a").kept == kept


@pytest.mark.parametrize(
    ("settings", "kept", "reason"),
    [
        (
            {"ratio": 0.9, "max_ratio": 0.7},
            16,
            "at most 70 % of it may go, rounded to a multiple of 8",
        ),
        ({"ratio": 0.9, "max_ratio": 0.75}, 8, "at most 75 % of it may go"),
        (
            {"ratio": 0.1, "min_ratio": 0.3},
            16,
            "at least 30 % of it must go, rounded to a multiple of 8",
        ),
        ({"ratio": 0.2, "max_ratio": 0.2}, 32, "rounded to a multiple of 8"),
        (
            {"ratio": 0.5, "min_ratio": 0.3, "max_ratio": 0.45},
            24,
            "at most 45 % of it may go, rounded to a multiple of 8",
        ),
    ],
)
def test_multiples_stay_within_the_bounds_and_the_cap_comes_first(
    settings: dict[str, float], kept: int, reason: str
) -> None:
    found = result(chosen({"a": [1.0] * 32}, Plan(round_to=8, **settings)), "a")
    assert (found.kept, found.reason) == (kept, reason)


def test_bounds_leave_locked_units_and_what_is_gone_alone() -> None:
    plan = Plan(ratio=0.25, min_ratio=0.5, max_ratio=0.5).lock("a")
    selection = chosen({"a": [1.0] * 4, "b": [1.0] * 4}, plan, gone={"b": [0, 1, 2]})
    assert [(found.kept, found.reason) for found in selection.results] == [
        (4, "locked"),
        (1, "already pruned further"),
    ]


def test_under_global_scope_others_lose_what_a_capped_unit_keeps() -> None:
    scores = {"a": [1.0, 2.0, 3.0, 4.0], "b": [5.0, 6.0, 7.0, 8.0]}
    selection = chosen(scores, Plan(ratio=0.5, scope="global", max_ratio=0.5))
    assert (places(selection, "a"), places(selection, "b")) == ([2, 3], [2, 3])
    one = Plan(ratio=0.5, scope="global").with_bounds("a", max_ratio=0.25)
    selection = chosen(scores, one)
    assert (places(selection, "a"), places(selection, "b")) == ([1, 2, 3], [3])
    assert [found.reason for found in selection.results] == [
        "at most 25 % of it may go",
        "ranked together with all other units",
    ]


def test_under_global_scope_a_floor_is_met_first() -> None:
    scores = {"a": [1.0, 2.0, 3.0, 4.0], "b": [5.0, 6.0, 7.0, 8.0]}
    plan = Plan(ratio=0.25, scope="global").with_bounds("b", min_ratio=0.5)
    selection = chosen(scores, plan)
    assert (places(selection, "a"), places(selection, "b")) == ([0, 1, 2, 3], [2, 3])
    assert result(selection, "b").reason == "at least 50 % of it must go"


def test_a_total_that_the_limits_do_not_allow_is_reported() -> None:
    scores = {"a": [1.0, 2.0, 3.0, 4.0], "b": [5.0, 6.0, 7.0, 8.0]}
    selection = chosen(scores, Plan(ratio=0.75, scope="global", max_ratio=0.5))
    reason = "at most 50 % of it may go; all units together lose 50 %, not 75 %"
    assert [(found.kept, found.reason) for found in selection.results] == [(2, reason)] * 2
    selection = chosen(scores, Plan(ratio=0.25, scope="global", min_ratio=0.5))
    assert result(selection, "a").reason == (
        "at least 50 % of it must go; all units together lose 50 %, not 25 %"
    )
    selection = chosen(scores, Plan(ratio=0.25, scope="global"), gone={"a": [0, 1, 2]})
    assert [found.kept for found in selection.results] == [1, 4]
    assert "all units together lose 37.5 %, not 25 %" in result(selection, "a").reason


def test_global_ranking_with_bounds_takes_the_lowest_that_may_go() -> None:
    """Against a plain loop: floors first, then one by one the lowest of units below their caps."""
    random = np.random.default_rng(2)
    for _ in range(200):
        scores = {n: random.permutation(100)[: random.integers(2, 9)] * 1.0 for n in NAMES}
        scores = {n: s + 1000 * i * random.random() for i, (n, s) in enumerate(scores.items())}
        floors = {n: float(random.choice([0, 0.3])) for n in NAMES}
        caps = {n: float(random.choice([0.4, 0.8, 1])) for n in NAMES}
        ratio = float(random.random())
        plan = Plan(ratio=ratio, scope="global", min_ratios=floors, max_ratios=caps)
        selection = chosen({n: s.tolist() for n, s in scores.items()}, plan)
        most = {n: min(int(caps[n] * len(s) + 1e-9), len(s) - 1) for n, s in scores.items()}
        lost = {n: min(int(np.ceil(floors[n] * len(s))), most[n]) for n, s in scores.items()}
        total = round(ratio * sum(map(len, scores.values())))
        while sum(lost.values()) < total and any(lost[n] < most[n] for n in NAMES):
            open_units = [n for n in NAMES if lost[n] < most[n]]
            lost[min(open_units, key=lambda n: np.sort(scores[n])[lost[n]])] += 1
        assert {r.unit: r.size - r.kept for r in selection.results} == lost


def test_bounds_hold_and_totals_are_met_for_random_scores_step_after_step() -> None:
    random = np.random.default_rng(3)
    for _ in range(100):
        scores = {n: random.standard_cauchy(random.integers(2, 40)).tolist() for n in NAMES}
        size = sum(map(len, scores.values()))
        gone: dict[str, list[int]] = {n: [] for n in NAMES}
        for ratio in np.sort(random.random(3)):
            floor, cap = np.sort(random.random(2))
            plan = Plan(ratio=float(ratio), scope="global", min_ratio=floor, max_ratio=cap)
            selection = chosen(scores, plan, gone=gone)
            removed = sum(found.size - found.kept for found in selection.results)
            for found in selection.results:
                before = len(gone[found.unit])
                assert found.kept >= 1
                assert found.achieved <= max(cap, before / found.size) + 1e-9
                least = min(np.ceil(floor * found.size), np.floor(cap * found.size), found.size - 1)
                assert found.size - found.kept >= max(least, before)
                assert not selection.kept[found.unit][gone[found.unit]].any()
            if removed != round(float(ratio) * size):
                assert all("all units together" in found.reason for found in selection.results)
            gone = {n: np.flatnonzero(~flags).tolist() for n, flags in selection.kept.items()}


@pytest.mark.parametrize("scope", ["local", "global"])
def test_a_higher_ratio_keeps_nothing_that_a_lower_one_removes(scope: str) -> None:
    random = np.random.default_rng(4)
    for _ in range(30):
        scores = {n: random.random(random.integers(2, 30)).tolist() for n in NAMES}
        bounds = {"min_ratio": 0.1, "max_ratio": float(random.choice([0.7, 1]))}
        low, high = np.sort(random.random(2))
        less = chosen(scores, Plan(ratio=float(low), scope=scope, **bounds))
        more = chosen(scores, Plan(ratio=float(high), scope=scope, **bounds))
        assert not any((more.kept[n] & ~less.kept[n]).any() for n in NAMES)
