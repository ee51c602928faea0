import numpy as np
import pytest
from choosing import chosen, places, result, unit

from workbench import Plan
from workbench.errors import InternalError
from workbench.selection import UnitResult, best, kept_counts, ranked, select


def test_local_scope_keeps_the_best_of_every_unit() -> None:
    scores = {"a": [1.0, 4.0, 2.0, 3.0], "b": [10.0, 40.0, 20.0, 30.0]}
    selection = chosen(scores, Plan(ratio=0.5, ratios={"b": 0.25}))
    assert (places(selection, "a"), places(selection, "b")) == ([1, 3], [1, 2, 3])
    assert selection.results == (
        UnitResult("a", 0.5, 0.5, 2, 4),
        UnitResult("b", 0.25, 0.25, 3, 4),
    )


def test_of_equal_scores_the_first_are_kept() -> None:
    assert best(np.array([1.0, 2.0, 1.0, 2.0, 1.0]), 3).tolist() == [True, True, False, True, False]


def test_a_ratio_is_rounded_to_the_nearest_whole_count() -> None:
    found = result(chosen({"a": [1.0] * 10}, Plan(ratio=0.33)), "a")
    assert (found.kept, found.requested, found.reason) == (7, 0.33, "")
    assert found.achieved == pytest.approx(0.3)


def test_a_unit_is_never_emptied() -> None:
    found = result(chosen({"a": [1.0, 3.0, 2.0]}, Plan(ratio=0.99)), "a")
    assert (found.kept, found.reason) == (1, "at least one is kept")
    assert found.achieved == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("size", "ratio", "kept", "reason"),
    [
        (32, 0.5, 16, ""),
        (32, 0.4, 16, "rounded to a multiple of 8"),
        (32, 0.3, 24, "rounded to a multiple of 8"),
        (32, 0.1, 32, "rounded to a multiple of 8"),
        (32, 0.99, 8, "rounded to a multiple of 8"),
        (20, 0.0, 20, ""),
        (20, 0.01, 20, ""),
        (20, 0.2, 16, ""),
        (5, 0.6, 5, "it has fewer than 8, to which counts are rounded"),
    ],
)
def test_channels_are_kept_in_multiples(size: int, ratio: float, kept: int, reason: str) -> None:
    plan = Plan(ratio=ratio, round_to=8)
    found = result(chosen({"a": list(range(size))}, plan), "a")
    assert (found.kept, found.reason, found.requested) == (kept, reason, ratio)


def test_weights_are_not_rounded_to_multiples() -> None:
    plan = Plan(granularity="weight", ratio=0.5, round_to=8)
    assert result(chosen({"a": [1.0] * 10}, plan, granularity="weight"), "a").kept == 5


def test_a_locked_unit_keeps_all_it_has() -> None:
    selection = chosen({"a": [1.0] * 4}, Plan(ratio=0.5).lock("a"), gone={"a": [0]})
    assert places(selection, "a") == [1, 2, 3]
    assert result(selection, "a") == UnitResult("a", 0, 0.25, 3, 4, "locked")


def test_a_unit_that_cannot_be_pruned_reports_request_and_reason() -> None:
    units = [unit("head", 3, reason="these are the model outputs")]
    selection = select(units, Plan(ratio=0.5), {"head": np.zeros(3)}, {"head": np.ones(3, bool)})
    assert selection.results == (UnitResult("head", 0.5, 0, 3, 3, "these are the model outputs"),)


def test_what_is_gone_never_comes_back() -> None:
    selection = chosen({"a": [9.0, 1.0, 2.0, 3.0]}, Plan(ratio=0.5), gone={"a": [0]})
    assert places(selection, "a") == [2, 3]


def test_ratios_count_from_the_dense_model() -> None:
    selection = chosen({"a": [1.0, 2.0, 3.0, 4.0]}, Plan(ratio=0.5), gone={"a": [0, 1]})
    assert result(selection, "a") == UnitResult("a", 0.5, 0.5, 2, 4)


def test_less_than_is_gone_already_is_reported() -> None:
    selection = chosen({"a": [1.0] * 4}, Plan(ratio=0.25), gone={"a": [0, 1]})
    assert result(selection, "a") == UnitResult("a", 0.25, 0.5, 2, 4, "already pruned further")


def test_rounding_that_leaves_a_pruned_unit_alone_is_reported() -> None:
    plan = Plan(ratio=0.6, round_to=8)
    found = result(chosen({"a": [1.0] * 20}, plan, gone={"a": list(range(12))}), "a")
    assert (found.kept, found.reason) == (8, "")
    found = result(chosen({"a": [1.0] * 20}, plan, gone={"a": list(range(13))}), "a")
    assert (found.kept, found.reason) == (7, "already pruned further")
    found = result(
        chosen({"a": [1.0] * 20}, Plan(ratio=0.7, round_to=8), gone={"a": range(12)}), "a"
    )
    assert (found.kept, found.reason) == (8, "rounded to a multiple of 8")


def test_global_scope_ranks_across_units() -> None:
    scores = {"a": [1.0, 2.0, 3.0, 4.0], "b": [5.0, 6.0, 0.5, 7.0]}
    selection = chosen(scores, Plan(ratio=0.5, scope="global"))
    assert (places(selection, "a"), places(selection, "b")) == ([3], [0, 1, 3])
    assert result(selection, "a") == UnitResult(
        "a", 0.5, 0.75, 1, 4, "ranked together with all other units"
    )
    assert result(selection, "b").achieved == 0.25


def test_global_scope_never_empties_a_unit() -> None:
    selection = chosen(
        {"a": [0.1, 0.2], "b": [5.0, 6.0, 7.0, 8.0]}, Plan(ratio=0.5, scope="global")
    )
    assert (places(selection, "a"), places(selection, "b")) == ([1], [2, 3])
    everything = chosen({"a": [1.0, 2.0], "b": [3.0, 4.0]}, Plan(ratio=0.99, scope="global"))
    assert (places(everything, "a"), places(everything, "b")) == ([1], [1])


def test_global_scope_counts_what_is_gone_as_removed() -> None:
    scores = {"a": [9.0, 8.0, 3.0, 4.0], "b": [5.0, 6.0, 1.0, 7.0]}
    selection = chosen(scores, Plan(ratio=0.5, scope="global"), gone={"a": [0, 1]})
    assert (places(selection, "a"), places(selection, "b")) == ([3], [0, 1, 3])


def test_global_scope_takes_of_equal_ones_those_of_the_first_units() -> None:
    selection = chosen({"a": [1.0] * 3, "b": [1.0] * 3}, Plan(ratio=0.5, scope="global"))
    assert (places(selection, "a"), places(selection, "b")) == ([0], [0, 1])


def test_under_global_scope_own_ratios_and_locks_stand_apart() -> None:
    scores = {"a": [1.0, 2.0, 3.0, 4.0], "b": [0.1, 0.2, 0.3, 0.4], "c": [0.1] * 4}
    plan = Plan(ratio=0.5, scope="global", ratios={"b": 0.25}).lock("c")
    selection = chosen(scores, plan)
    assert places(selection, "a") == [2, 3]
    assert places(selection, "b") == [1, 2, 3]
    assert places(selection, "c") == [0, 1, 2, 3]
    assert [found.requested for found in selection.results] == [0.5, 0.25, 0]


def test_global_scope_of_nothing_removes_nothing() -> None:
    selection = chosen({"a": [1.0, 2.0], "b": [3.0, 4.0]}, Plan(scope="global"))
    assert [found.kept for found in selection.results] == [2, 2]
    locked = Plan(ratio=0.5, scope="global").lock("a", "b")
    assert [found.kept for found in chosen({"a": [1.0], "b": [3.0]}, locked).results] == [1, 1]


def test_global_counts_agree_with_a_full_sort() -> None:
    random = np.random.default_rng(0)
    for _ in range(50):
        scores = {n: random.integers(0, 6, random.integers(2, 9)).astype(float) for n in "abc"}
        ratio = float(random.random())
        selection = chosen(
            {n: s.tolist() for n, s in scores.items()}, Plan(ratio=ratio, scope="global")
        )
        competing = sorted(
            (score, number, place)
            for number, (_, scored) in enumerate(scores.items())
            for place, score in enumerate(np.sort(scored)[:-1])
        )
        total = round(ratio * sum(map(len, scores.values())))
        lost = [number for _, number, _ in competing[:total]]
        expected = [len(s) - lost.count(n) for n, s in enumerate(scores.values())]
        assert [found.kept for found in selection.results] == expected


def test_global_scope_without_scores_is_a_fault() -> None:
    with pytest.raises(InternalError, match="global scope needs scores"):
        kept_counts([unit("a", 4)], Plan(ratio=0.5, scope="global"), {"a": 4})


def test_what_is_gone_ranks_below_everything() -> None:
    found = ranked({"a": np.array([3.0, -1.0])}, {"a": np.array([False, True])})
    assert found["a"].tolist() == [-np.inf, -1]


def test_a_pattern_without_its_counts_is_a_fault() -> None:
    with pytest.raises(InternalError, match="needs the counts that its pattern leaves"):
        kept_counts([unit("a", 4, "n:m")], Plan(granularity="n:m"), {"a": 4})
