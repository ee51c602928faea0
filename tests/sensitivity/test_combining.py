"""Losses of single units are summed, and read as an accuracy."""

import pytest

from workbench.sensitivity import Figures, Point, Sensitivity
from workbench.sensitivity.combining import CombinedAccuracy


def point(unit: str, ratio: float, accuracy: float, loss: float) -> Point:
    return Point(unit, ratio, ratio, 5, 10, accuracy, loss, 64, 64)


FOUND = Sensitivity(
    "exact",
    "channel",
    Figures(1.0, 0.1, 64),
    (
        point("first", 0.5, 0.9, 0.3),
        point("first", 0.9, 0.1, 3.1),
        point("second", 0.5, 0.8, 0.5),
        point("second", 0.9, 0.5, 1.1),
    ),
)


def test_one_unit_alone_has_the_accuracy_that_was_measured() -> None:
    combined = CombinedAccuracy.of(FOUND)
    assert combined.accuracy({"first": 0.5}) == pytest.approx(0.9)
    assert combined.accuracy({"second": 0.9}) == pytest.approx(0.5)


def test_two_units_add_their_losses() -> None:
    # 0.1 + 0.2 + 1.0 = 1.3 nats; between (1.1, 0.5) and (3.1, 0.1): 0.5 - 0.2 * 0.2 = 0.46.
    assert CombinedAccuracy.of(FOUND).accuracy({"first": 0.5, "second": 0.9}) == pytest.approx(0.46)


def test_nothing_removed_is_the_baseline() -> None:
    assert CombinedAccuracy.of(FOUND).accuracy({"first": 0.0}) == pytest.approx(1.0)


def test_a_unit_that_was_not_scanned_adds_nothing() -> None:
    assert CombinedAccuracy.of(FOUND).added_loss("third", 0.9) == 0.0
