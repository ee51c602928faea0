"""Accuracy from few inputs: what plans that were measured teach about all others."""

import numpy as np
import pytest

from workbench.sensitivity.anchors import ANCHORS, Anchors

INPUTS = 512


def plans(count: int, seed: int, *, least: float = -1.5, most: float = 3.0) -> np.ndarray:
    """Leads of plans that lose easy inputs last, and the two halves of the inputs apart."""
    draw = np.random.default_rng(seed)
    ease = np.random.default_rng(0).normal(0, 2, INPUTS)
    half = np.where(np.arange(INPUTS) % 2, 1.0, -1.0)
    rows = draw.uniform(least, most, (count, 1)) + ease + half * draw.normal(0, 1, (count, 1))
    return np.asarray(rows + draw.normal(0, 0.5, (count, INPUTS)))


def errors(anchors: Anchors, unseen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """By plan, how far off the estimate is, and half its error bar."""
    found = [anchors.estimate(leads[anchors.places]) for leads in unseen]
    off = [bar.value - (leads > 0).mean() for bar, leads in zip(found, unseen, strict=True)]
    return np.abs(off), np.array([bar.half_width for bar in found])


def test_few_inputs_tell_the_accuracy_on_all() -> None:
    anchors = Anchors.fit(plans(24, 1))
    assert len(anchors.places) == ANCHORS < INPUTS
    off, _ = errors(anchors, plans(60, 2))
    plainly = np.abs(
        [
            (leads[:ANCHORS] > 0).mean() - (leads > 0).mean()
            for leads in plans(60, 2)  # the inputs are in no order
        ]
    )
    assert np.median(off) < 0.5 * np.median(plainly)


def test_error_bars_hold_what_is_measured_afterwards() -> None:
    off, halves = errors(Anchors.fit(plans(24, 1)), plans(60, 2))
    assert np.mean(off <= halves) >= 0.75
    assert np.median(halves) < 0.03


def test_a_plan_unlike_all_that_were_measured_is_judged_by_its_anchors() -> None:
    anchors = Anchors.fit(plans(24, 1, least=1.0))
    broken = plans(20, 3, least=-9.0, most=-7.0)
    off, halves = errors(anchors, broken)
    assert off.max() < 0.03 and np.mean(off <= halves) >= 0.8


def test_a_small_probe_set_is_asked_in_part() -> None:
    anchors = Anchors.fit(plans(8, 1)[:, :40])
    assert len(anchors.places) == 10
    assert sorted(set(anchors.places)) == anchors.places.tolist()


@pytest.mark.parametrize("leads", [np.full((8, 40), 5.0), np.full((8, 40), -5.0)])
def test_plans_that_all_answer_alike_are_no_reason_to_fail(leads: np.ndarray) -> None:
    anchors = Anchors.fit(leads)
    bar = anchors.estimate(leads[0, anchors.places])
    assert bar.value == pytest.approx((leads[0] > 0).mean())
    assert 0 <= bar.low <= bar.value <= bar.high <= 1
