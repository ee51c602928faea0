"""Fewer points for a line that has more than a screen has columns."""

from collections.abc import Sequence

Point = tuple[float, float]


def thin(points: Sequence[Point], limit: int) -> list[Point]:
    """Average neighbouring points until at most ``limit`` are left.

    Args:
        points: (x, y) in ascending x.
        limit: Largest number of points returned, at least 1.

    Raises:
        ValueError: If ``limit`` is below 1.
    """
    if limit < 1:
        raise ValueError(f"limit of a thinned line must be at least 1, got {limit}")
    size = -(-len(points) // limit)
    if size <= 1:
        return list(points)
    buckets = (points[start : start + size] for start in range(0, len(points), size))
    return [
        (sum(x for x, _ in bucket) / len(bucket), sum(y for _, y in bucket) / len(bucket))
        for bucket in buckets
    ]


def smooth(values: Sequence[float], span: float) -> list[float]:
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
