import pytest

from widgets.charts.thinning import smooth, thin


def test_few_points_stay_as_they_are() -> None:
    assert thin([(0.0, 1.0), (1.0, 3.0)], 2).tolist() == [[0.0, 1.0], [1.0, 3.0]]


def test_many_points_become_means_of_neighbours() -> None:
    points = [(0.0, 1.0), (1.0, 3.0), (2.0, 5.0), (3.0, 7.0), (4.0, 9.0)]
    assert thin(points, 3).tolist() == [[0.5, 2.5, 4.0], [2.0, 6.0, 9.0]]


@pytest.mark.parametrize("count", [0, 1, 1999, 2000, 2001, 12345])
def test_never_more_than_the_limit(count: int) -> None:
    x, y = thin([(float(i), 0.0) for i in range(count)], 2000)
    assert len(x) == len(y) <= 2000


def test_a_limit_below_one_is_named() -> None:
    with pytest.raises(ValueError, match="at least 1, got 0"):
        thin([(0.0, 0.0)], 0)


def test_smoothing_starts_at_the_first_value_and_keeps_a_constant() -> None:
    assert smooth([4.0, 4.0, 4.0], 10) == pytest.approx([4.0, 4.0, 4.0])


def test_smoothing_weighs_recent_values_more() -> None:
    # span 3: every value counts half as much as its successor.
    assert smooth([0.0, 3.0], 3) == pytest.approx([0.0, 2.0])


def test_a_span_of_one_smooths_nothing() -> None:
    assert smooth([1.0, 5.0, 2.0], 0.5) == [1.0, 5.0, 2.0]
