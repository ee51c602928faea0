"""Plans to measure, so that it is known what pruning units at once costs."""

from collections.abc import Iterator, Mapping

import numpy as np

from workbench.sensitivity.combining import CombinedAccuracy

_HIGHEST_RATIO = 0.95
_SHARES = (0.95, 0.6, 0.8, 0.5, 0.9, 0.7)
"""Of the baseline's accuracy: where people look for plans."""

_HALVINGS = 12

_USEFUL_RATIO = 0.7
_USEFUL_SHARE = 0.5
_TRIES = 20


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
        yield _shrunk(combined, weights, wanted, 1.0 / max(weights.max(initial=0.0), 1e-6))
        number += 1


def useful_ratios(combined: CombinedAccuracy, seed: int = 0) -> Iterator[Mapping[str, float]]:
    """Ratios by unit name without end, of plans as a person might try them, one slider at a time.

    Every ratio is drawn by itself. Most such plans ruin a network: of some draws the first is taken
    that may keep half of the accuracy, by the product of what the units cost alone; if there is
    none, the last one is shrunk until it may.
    """
    draw = np.random.default_rng(seed)
    units = list(combined.rows)
    wanted = _USEFUL_SHARE * combined.baseline.accuracy
    while True:
        tried = draw.uniform(0, _USEFUL_RATIO, (_TRIES, len(units)))
        good = combined.accuracies(dict(zip(units, tried.T, strict=True))) >= wanted
        if good.any():
            yield _scaled(units, tried[good.argmax()], 1.0)
        else:
            yield _shrunk(combined, tried[-1], wanted, 1.0)


def _shrunk(
    combined: CombinedAccuracy, weights: np.ndarray, wanted: float, most: float
) -> dict[str, float]:
    """Ratios in these proportions, that by the product leave so much accuracy."""
    units, low, high = list(combined.rows), 0.0, most
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        enough = combined.accuracy(_scaled(units, weights, middle)) <= wanted
        low, high = (low, middle) if enough else (middle, high)
    return _scaled(units, weights, high)


def _scaled(units: list[str], weights: np.ndarray, factor: float) -> dict[str, float]:
    ratios = np.minimum(weights * factor, _HIGHEST_RATIO).tolist()
    return dict(zip(units, ratios, strict=True))
