"""Accuracy of plans from plans that are alike."""

import numpy as np
import pytest

from workbench.sensitivity.correction import COVERAGE, Damage
from workbench.sensitivity.excess import FEWEST_PLANS, Excess, Traits

UNITS, BEST, FLOOR = 4, 0.9, 0.1


def networks(count: int, seed: int) -> tuple[Traits, np.ndarray]:
    """Networks whose first two units cost far more together than alone, and what they keep."""
    drops = np.random.default_rng(seed).uniform(0, 0.4, (count, UNITS))
    return traits_of(drops), accuracies_of(drops)


def accuracies_of(drops: np.ndarray) -> np.ndarray:
    beyond = 4 * drops[:, 0] * drops[:, 1]
    return np.maximum(BEST * np.exp(-drops.sum(axis=1) - beyond), FLOOR)


def traits_of(drops: np.ndarray) -> Traits:
    damage = Damage.of(drops)
    product = np.maximum(BEST * np.exp(-damage.product), FLOOR)
    return Traits.of(product, damage.shared.sum(axis=1), drops, 2 * drops)


def test_units_that_cost_more_together_are_told_from_plans_like_it() -> None:
    excess = Excess.fit(*networks(120, 0))
    traits, measured = networks(60, 1)
    errors = np.abs(excess.estimates(traits, FLOOR, BEST).values - measured)
    assert np.median(errors) < 0.2 * np.median(np.abs(traits.product - measured))


def test_error_bars_hold_most_of_what_is_measured_afterwards() -> None:
    traits, measured = networks(150, 0)
    noise = np.random.default_rng(5).normal(0, 0.03, 150)
    excess = Excess.fit(traits, measured + noise)
    unseen, exact = networks(200, 1)
    found = excess.estimates(unseen, FLOOR, BEST)
    assert found.lows is not None and found.highs is not None
    exact = exact + np.random.default_rng(6).normal(0, 0.03, 200)
    held = np.mean((found.lows <= exact) & (exact <= found.highs))
    assert COVERAGE - 0.1 < held < 0.99
    assert (found.lows <= found.values).all() and (found.values <= found.highs).all()


def test_one_unit_alone_keeps_what_the_scan_says() -> None:
    excess = Excess.fit(*networks(120, 0))
    alone = traits_of(np.array([[0.3, 0, 0, 0], [0, 0, 0.05, 0]]))
    found = excess.estimates(alone, FLOOR, BEST)
    assert found.values == pytest.approx(alone.product, abs=0.01)
    assert found.highs is not None and (found.highs - found.values < 0.03).all()


def test_nothing_is_expected_outside_of_what_can_be() -> None:
    excess = Excess.fit(*networks(FEWEST_PLANS, 0))
    found = excess.estimates(traits_of(np.full((1, UNITS), 3.0)), FLOOR, BEST).values
    assert FLOOR <= found[0] <= BEST


def test_a_kernel_is_kept_until_there_are_many_more_plans() -> None:
    first = Excess.fit(*networks(80, 0))
    few_more = Excess.fit(*networks(90, 0), first)
    assert few_more.kernel == first.kernel and few_more.plans == 80
    assert Excess.fit(*networks(120, 0), first).plans == 120
