"""Fewer points for a line that has more than a screen has columns."""

from collections.abc import Sequence
from itertools import chain

import numpy as np

Point = tuple[float, float]


def thin(points: Sequence[Point], limit: int) -> np.ndarray:
    """Average neighbouring points until at most ``limit`` are left.

    Args:
        points: (x, y) in ascending x.
        limit: Largest number of points returned, at least 1.

    Returns:
        ``[2, n]``: x and y of the points that are left.

    Raises:
        ValueError: If ``limit`` is below 1.
    """
    if limit < 1:
        raise ValueError(f"limit of a thinned line must be at least 1, got {limit}")
    flat = np.fromiter(chain.from_iterable(points), dtype=np.float64, count=2 * len(points))
    columns = flat.reshape(-1, 2).T
    size = -(-len(points) // limit)
    if size <= 1:
        return columns
    starts = np.arange(0, len(points), size)
    return np.add.reduceat(columns, starts, axis=1) / np.diff(starts, append=len(points))


def smooth(values: Sequence[float] | np.ndarray, span: float) -> list[float]:
    """Exponential moving average over about ``span`` values, unbiased at the start.

    Reference:
        The bias correction is that of Kingma and Ba, Adam, arXiv:1412.6980, section 3.
    """
    keep = 1 - 2 / (max(1.0, span) + 1)
    total, weight, smoothed = 0.0, 0.0, []
    for value in values:
        total = keep * total + value
        weight = keep * weight + 1
        smoothed.append(total / weight)
    return smoothed
