"""Every allocator's networks shrink, respect the limits, and the best one is hard to beat."""

import numpy as np
import pytest
from allocation.problems import damage, every_choice, model, problem

from workbench.allocation import ALLOCATORS, allocator_named
from workbench.allocation.base import Allocator
from workbench.allocation.problem import damage_at, problem_of
from workbench.errors import PlanError
from workbench.plan import Plan

EVERY = pytest.mark.parametrize("allocator", ALLOCATORS.values(), ids=ALLOCATORS)


@EVERY
@pytest.mark.parametrize("metric", ["parameters", "macs", "size_bytes"])
def test_the_cost_never_rises_along_a_path(allocator: Allocator, metric: str) -> None:
    of = problem()
    shares = of.share(metric, allocator.path(of, metric))
    assert (np.diff(shares) <= 1e-12).all()


@EVERY
def test_a_path_goes_from_the_largest_network_to_the_smallest(allocator: Allocator) -> None:
    of = problem()
    path = allocator.path(of, "macs")
    assert path[0].tolist() == [8, 16, 8]
    assert path[-1].tolist() == [2, 4, 2]


@EVERY
def test_counts_are_multiples_within_the_caps(allocator: Allocator) -> None:
    plan = Plan(round_to=4, max_ratio=0.5)
    path = allocator.path(problem(plan), "macs")
    assert (path % 4 == 0).all()
    assert (path >= [4, 8, 4]).all()


@EVERY
def test_locked_units_are_left_out(allocator: Allocator) -> None:
    of = problem(Plan().lock("2"))
    assert [unit.name for unit in of.units] == ["0", "4"]
    assert allocator.path(of, "macs").shape[1] == 2


@EVERY
def test_two_runs_give_one_answer(allocator: Allocator) -> None:
    first, second = (allocator.path(problem(), "macs") for _ in range(2))
    assert np.array_equal(first, second)


def test_what_lies_beyond_the_highest_ratio_scanned_costs_more() -> None:
    pruned = model()
    of = problem_of(pruned, Plan(), damage={"2": ((0.25, 0.1), (0.5, 0.3))})
    (levels,), (added,) = of.levels, of.damage or ()
    assert added[levels == 8] == pytest.approx(0.3**2)
    assert added[levels == 4] == pytest.approx((0.3 + 0.2) ** 2)


def test_two_layers_that_lose_a_little_cost_less_than_one_that_loses_as_much_as_both() -> None:
    even = ((0.5, 0.5), (1.0, 1.0))
    half, whole = damage_at(even, np.array([0.5, 1.0]))
    assert 2 * half == pytest.approx(whole / 2)


def test_what_lies_behind_a_steep_part_is_no_bargain() -> None:
    cliff = ((0.1, 0.0), (0.2, 0.8), (0.6, 0.8), (0.9, 1.6))
    found = np.sqrt(damage_at(cliff, np.array([0.1, 0.2, 0.35, 0.6, 0.9])))
    assert found == pytest.approx([0, 0.16, 0.4, 0.8, 1.6])


def test_a_unit_of_which_nothing_could_be_removed_loses_nothing() -> None:
    assert damage_at(((0.0, 0.0), (0.0, 0.0)), np.array([0.0])).tolist() == [0.0]


def test_a_unit_of_few_channels_may_have_several_ratios_in_one() -> None:
    same = ((0.0, 0.0), (0.25, 0.1), (0.25, 0.1), (0.5, 0.3))
    assert damage_at(same, np.array([0.5])) == pytest.approx([0.09])


@pytest.mark.parametrize("share", [0.3, 0.45, 0.6, 0.8])
@pytest.mark.parametrize("metric", ["parameters", "macs"])
def test_the_best_trade_comes_close_to_trying_everything(metric: str, share: float) -> None:
    of = problem(sizes=(16, 32, 16))
    choices = every_choice(of)
    fits = choices[of.share(metric, choices) <= share]
    least = min(damage(of, kept) for kept in fits)
    found = allocator_named("best").within(of, metric, share)
    assert found is not None and of.share(metric, found) <= share
    assert damage(of, found) <= 1.1 * least + 1e-12


def test_the_best_trade_beats_uniform_where_layers_differ() -> None:
    of = problem()
    best = allocator_named("best").within(of, "macs", 0.5)
    uniform = allocator_named("uniform").within(of, "macs", 0.5)
    assert best is not None and uniform is not None
    assert damage(of, best) < 0.5 * damage(of, uniform)


def test_greedy_takes_the_layer_that_hardly_matters_first() -> None:
    path = allocator_named("greedy").path(problem(), "macs")
    assert path[:5].tolist() == [[8, 16 - gone, 8] for gone in range(0, 10, 2)]  # 0.02 nats by then


def test_global_ranking_keeps_what_is_above_one_threshold() -> None:
    pruned = model()
    scores = {
        "0": np.arange(8.0),
        "2": np.arange(16.0) / 100,
        "4": np.arange(8.0) + 100,
    }
    of = problem_of(pruned, Plan(), scores)
    path = allocator_named("global").path(of, "macs")
    halfway = path[(path[:, 1] == 1).argmax()]  # the second layer went first, but for one channel
    assert halfway[2] == 8


def test_a_budget_that_cannot_be_met_has_no_answer() -> None:
    for allocator in ALLOCATORS.values():
        assert allocator.within(problem(), "macs", 0.001) is None


def test_an_unknown_allocator_is_refused_with_those_there_are() -> None:
    with pytest.raises(PlanError, match="one of best, greedy, global, uniform; got 'magic'"):
        allocator_named("magic")
