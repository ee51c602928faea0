"""What single units cost, multiplied; and corrected by plans that were measured."""

import numpy as np
import pytest

from workbench.sensitivity import Figures, Point, Sensitivity
from workbench.sensitivity.combining import CombinedAccuracy, Outcome
from workbench.sensitivity.correction import FEWEST_OUTCOMES
from workbench.sensitivity.joint_plans import joint_ratios, useful_ratios


def point(unit: str, ratio: float, accuracy: float, loss: float) -> Point:
    return Point(unit, ratio, ratio, 5, 10, accuracy, loss, 64, 64, divergence=loss / 2)


FOUND = Sensitivity(
    "exact",
    "channel",
    Figures(1.0, 0.1, 64, 0.0),
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


def test_what_counts_is_what_was_removed_and_not_what_was_asked_for() -> None:
    rounded = Point("first", 0.1, 0.25, 6, 8, 0.8, 0.5, 64, 64, divergence=0.2)
    found = Sensitivity("exact", "channel", Figures(1.0, 0.1, 64, 0.0), (rounded,))
    combined = CombinedAccuracy.of(found)
    assert combined.accuracy({"first": 0.25}) == pytest.approx(0.8)
    assert combined.accuracy({"first": 0.125}) > 0.85
    assert combined.divergence("first", 0.25) == pytest.approx(0.2)


def test_what_two_units_leave_multiplies() -> None:
    assert CombinedAccuracy.of(FOUND).accuracy({"first": 0.5, "second": 0.9}) == pytest.approx(0.45)


def test_nothing_removed_is_the_baseline() -> None:
    assert CombinedAccuracy.of(FOUND).accuracy({"first": 0.0}) == pytest.approx(1.0)


def test_a_unit_that_was_not_scanned_adds_nothing() -> None:
    assert CombinedAccuracy.of(FOUND).divergence("third", 0.9) == 0.0


def test_the_divergence_of_a_unit_is_what_was_measured() -> None:
    combined = CombinedAccuracy.of(FOUND)
    assert combined.divergence("first", 0.9) == pytest.approx(1.55)
    assert 0 < combined.divergence("second", 0.2) < combined.divergence("second", 0.5)


def harsh(count: int, seed: int, noise: float = 0.0) -> list[Outcome]:
    """Plans of both units, each of which costs a quarter more log accuracy than the product."""
    draw = np.random.default_rng(seed)
    alone = CombinedAccuracy.of(FOUND)
    found = []
    for first, second in draw.uniform(0.1, 0.8, (count, 2)).tolist():
        ratios = {"first": first, "second": second}
        accuracy = alone.accuracy(ratios) ** 1.25 + float(draw.normal(0, noise))
        found.append(Outcome(ratios, accuracy))
    return found


def test_there_is_no_error_bar_before_there_are_errors() -> None:
    few = CombinedAccuracy.of(FOUND, harsh(FEWEST_OUTCOMES - 1, 0))
    assert few.estimate({"first": 0.5, "second": 0.5}) is None
    enough = CombinedAccuracy.of(FOUND, harsh(FEWEST_OUTCOMES, 0))
    assert enough.estimate({"first": 0.5, "second": 0.5}) is not None


def test_measured_plans_teach_what_pruning_at_once_costs() -> None:
    alone = CombinedAccuracy.of(FOUND)
    corrected = alone.corrected(harsh(24, 0))
    unseen = harsh(30, 1)
    before = [abs(alone.accuracy(plan.ratios) - plan.accuracy) for plan in unseen]
    after = [abs(corrected.accuracy(plan.ratios) - plan.accuracy) for plan in unseen]
    assert np.median(after) < 0.5 * np.median(before)


def test_error_bars_hold_most_of_what_is_measured_afterwards() -> None:
    corrected = CombinedAccuracy.of(FOUND, harsh(30, 0, noise=0.02))
    held = []
    for plan in harsh(60, 1, noise=0.02):
        bar = corrected.estimate(plan.ratios)
        assert bar is not None and bar.low <= bar.value <= bar.high
        held.append(bar.low <= plan.accuracy <= bar.high)
    assert np.mean(held) >= 0.8


def test_refuted_predictions_widen_the_error_bar() -> None:
    plans = harsh(16, 0)
    refuted = [Outcome(plan.ratios, plan.accuracy, error=0.3) for plan in plans]
    ratios = {"first": 0.4, "second": 0.4}
    before = CombinedAccuracy.of(FOUND, plans).estimate(ratios)
    after = CombinedAccuracy.of(FOUND, refuted).estimate(ratios)
    assert before is not None and after is not None
    assert after.value == pytest.approx(before.value)
    assert after.half_width > 2 * before.half_width


def test_one_unit_alone_keeps_what_was_measured_whatever_plans_of_many_cost() -> None:
    corrected = CombinedAccuracy.of(FOUND, harsh(24, 0))
    assert corrected.accuracy({"first": 0.5}) == pytest.approx(0.9, abs=0.01)


def test_a_model_that_knows_nothing_is_no_reason_to_fail() -> None:
    hopeless = Sensitivity(
        "exact", "channel", Figures(0.0, 2.3, 64, 0.0), (point("first", 0.5, 0, 2),)
    )
    combined = CombinedAccuracy.of(hopeless, [Outcome({"first": 0.5}, 0.0)] * FEWEST_OUTCOMES)
    assert 0 <= combined.accuracy({"first": 0.5}) <= 0.02


def test_plans_to_learn_from_are_the_same_for_a_seed_and_cover_where_people_look() -> None:
    combined = CombinedAccuracy.of(FOUND)
    first, again = (
        [next(plans) for _ in range(6)]
        for plans in (joint_ratios(combined), joint_ratios(combined))
    )
    assert first == again
    expected = sorted(combined.accuracy(ratios) for ratios in first)
    assert expected[0] < 0.75 and expected[-1] > 0.9
    assert all(0 <= ratio < 1 for ratios in first for ratio in ratios.values())


def test_useful_plans_keep_half_of_the_accuracy_by_the_product_however_many_units() -> None:
    combined = CombinedAccuracy.of(FOUND)
    many = Sensitivity(
        "exact",
        "channel",
        Figures(1.0, 0.1, 64, 0.0),
        tuple(point(f"unit {number}", 0.7, 0.5, 0.7) for number in range(40)),
    )
    for known in (combined, CombinedAccuracy.of(many)):
        plans = [ratios for ratios, _ in zip(useful_ratios(known), range(8), strict=False)]
        assert plans == [ratios for ratios, _ in zip(useful_ratios(known), range(8), strict=False)]
        assert all(0 <= ratio <= 0.7 for ratios in plans for ratio in ratios.values())
        assert all(known.accuracy(ratios) >= 0.5 - 0.01 for ratios in plans)
        assert any(known.accuracy(ratios) < 0.9 for ratios in plans)
