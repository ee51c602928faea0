import math
import random

import pytest

from workbench.comparison import pareto_front


def test_the_front_holds_what_nothing_beats() -> None:
    costs = [4, 3, 2, 1, 2.5]
    accuracies = [0.9, 0.95, 0.7, 0.5, 0.6]
    assert pareto_front(costs, accuracies) == (3, 2, 1)


def test_of_equal_points_the_first_counts() -> None:
    assert pareto_front([1, 1, 2], [0.5, 0.5, 0.5]) == (0,)
    assert pareto_front([1, 1], [0.4, 0.5]) == (1,)


def test_what_was_not_measured_is_in_no_front() -> None:
    assert pareto_front([math.nan, 1, 2], [0.9, math.nan, 0.5]) == (2,)
    assert pareto_front([], []) == ()


def test_every_point_off_the_front_is_beaten_by_one_on_it() -> None:
    dice = random.Random(0)
    points = [(dice.randrange(20), dice.randrange(20)) for _ in range(200)]
    costs, accuracies = zip(*points, strict=True)
    front = pareto_front(costs, accuracies)
    for place, (cost, accuracy) in enumerate(points):
        beaten = [p for p in front if costs[p] <= cost and accuracies[p] >= accuracy and p != place]
        assert bool(beaten) != (place in front)


def test_costs_and_accuracies_must_be_as_many() -> None:
    with pytest.raises(ValueError, match="got 2 and 1"):
        pareto_front([1, 2], [0.5])
