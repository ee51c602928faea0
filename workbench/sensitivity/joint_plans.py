"""Plans to measure, so that it is known what pruning units at once costs."""

from collections.abc import Iterator, Mapping

import numpy as np

from workbench.sensitivity.combining import CombinedAccuracy

_HIGHEST_RATIO = 0.95
_SHARES = (0.95, 0.6, 0.8, 0.5, 0.9, 0.7)
"""Of the baseline's accuracy: where people look for plans."""

_HALVINGS = 12


def joint_ratios(combined: CombinedAccuracy, seed: int = 0) -> Iterator[Mapping[str, float]]:
    """Ratios by unit name without end, the same for the same seed.

    Half of them prune all units, half about every other one; each in random proportions, and so
    much that the product of what the units cost alone is a share of the baseline's accuracy.
    """
    draw = np.random.default_rng(seed)
    units = list(combined.rows)
    number = 0
    while True:
        weights = draw.uniform(0, 1, len(units))
        if number % 2:
            weights *= draw.uniform(0, 1, len(units)) < 0.5
        wanted = _SHARES[number % len(_SHARES)] * combined.baseline.accuracy
        low, high = 0.0, 1.0 / max(weights.max(initial=0.0), 1e-6)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            enough = combined.accuracy(_scaled(units, weights, middle)) <= wanted
            low, high = (low, middle) if enough else (middle, high)
        yield _scaled(units, weights, high)
        number += 1


def _scaled(units: list[str], weights: np.ndarray, factor: float) -> dict[str, float]:
    ratios = np.minimum(weights * factor, _HIGHEST_RATIO).tolist()
    return dict(zip(units, ratios, strict=True))
