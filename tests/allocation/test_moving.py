"""Costs as one unit changes are differences of the cost of the whole network."""

import numpy as np
import pytest
from allocation.problems import PLAN, problem
from networks import conv
from torch import Tensor, nn
from toys import dense_model

from workbench.allocation.moving import Moving
from workbench.allocation.problem import problem_of
from workbench.plan import Plan


class Shortcut(nn.Module):
    """The second convolution reads and writes the same group."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.block, self.head = conv(3, 8), conv(8, 8), nn.Linear(128, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        return self.head((x + self.block(x)).flatten(1))


KEPT = np.array([6, 12, 4])


@pytest.mark.parametrize("metric", ["parameters", "macs", "size_bytes", "energy"])
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


@pytest.mark.parametrize("start", [1, 3])
def test_a_unit_that_reaches_two_sides_of_a_tensor_counts_twice(start: int) -> None:
    of = problem_of(dense_model(Shortcut(), (3, 4, 4)), Plan())
    moving = Moving(of.reaches("macs"), of.largest)
    for unit, levels in enumerate(of.levels):
        moving.set(unit, start)
        choices = np.repeat(moving.kept[None], len(levels), axis=0)
        choices[:, unit] = levels
        affected = moving.affected(unit, levels)
        assert np.diff(affected) == pytest.approx(np.diff(of.costs.cost("macs", choices)))


def test_neighbours_share_a_tensor() -> None:
    moving = Moving(problem(PLAN).reaches("macs"), KEPT)
    assert [moving.neighbours(unit) for unit in range(3)] == [(0, 1), (0, 1, 2), (1, 2)]


def test_setting_a_count_leaves_the_array_it_began_with() -> None:
    start = KEPT.copy()
    Moving(problem(PLAN).reaches("macs"), start).set(0, 2)
    assert np.array_equal(start, KEPT)
