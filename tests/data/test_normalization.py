import pytest

from workbench.data.normalization import Normalization, read_normalization
from workbench.errors import DataError


def test_a_pair_with_one_number_per_channel_is_read():
    normalization = read_normalization([[0.1, 0.2], (1, 2)], 2)
    assert normalization == Normalization((0.1, 0.2), (1.0, 2.0))


def test_none_stays_none():
    assert read_normalization(None, 3) is None


@pytest.mark.parametrize(
    ("normalize", "message"),
    [
        (((0.5,), (0.5,)), r"one mean for each of the 3 image channels, got 1: \(0.5,\)"),
        (((0.5,) * 3, (0.5,) * 2), r"one std for each of the 3 image channels, got 2"),
        (((0.5,) * 3, (0.5, 0, 0.5)), r"std must be above 0, got \(0.5, 0.0, 0.5\)"),
        (((0.5, float("nan"), 0.5), (1,) * 3), r"mean must be finite, got \(0.5, nan, 0.5\)"),
        ((0.5, 0.5), r"two sequences of numbers, got \(0.5, 0.5\)"),
        (((0.5,) * 3,), r"two sequences of numbers"),
        ("imagenet", r"two sequences of numbers, got 'imagenet'"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_value(normalize, message):
    with pytest.raises(DataError, match=message):
        read_normalization(normalize, 3)
