"""Costs as one unit changes are differences of the cost of the whole network."""

import numpy as np
import pytest
from allocation.problems import PLAN, problem

from workbench.allocation.moving import Moving

KEPT = np.array([6, 12, 4])


@pytest.mark.parametrize("metric", ["parameters", "macs", "size_bytes"])
@pytest.mark.parametrize("unit", [0, 1, 2])
def test_affected_costs_differ_as_the_whole_cost_does(metric: str, unit: int) -> None:
    of = problem(PLAN)
    moving = Moving(of.reaches(metric), of.largest)
    for number, count in enumerate(KEPT):
        moving.set(number, int(count))
    counts = of.levels[unit]
    choices = np.repeat(KEPT[None], len(counts), axis=0)
    choices[:, unit] = counts
    whole = of.costs.cost(metric, choices)
    affected = moving.affected(unit, counts)
    assert np.diff(affected) == pytest.approx(np.diff(whole))


def test_neighbours_share_a_tensor() -> None:
    moving = Moving(problem(PLAN).reaches("macs"), KEPT)
    assert [moving.neighbours(unit) for unit in range(3)] == [(0, 1), (0, 1, 2), (1, 2)]


def test_setting_a_count_leaves_the_array_it_began_with() -> None:
    start = KEPT.copy()
    Moving(problem(PLAN).reaches("macs"), start).set(0, 2)
    assert np.array_equal(start, KEPT)
