"""Which of many networks no other one beats."""

import math
from collections.abc import Sequence


def pareto_front(costs: Sequence[float], accuracies: Sequence[float]) -> tuple[int, ...]:
    """The points that no other point beats: none is as accurate for less, or better for as much.

    Of several that are alike in both, the first counts.

    Args:
        costs: Lower is better.
        accuracies: Higher is better; as many.

    Returns:
        Positions of the points of the front, by ascending cost. A point with a cost or accuracy
        that is not a number is in no front.

    Raises:
        ValueError: If the lengths differ.
    """
    if len(costs) != len(accuracies):
        raise ValueError(
            f"a Pareto front needs as many costs as accuracies, got {len(costs)} and "
            f"{len(accuracies)}"
        )
    known = [
        place
        for place, (cost, accuracy) in enumerate(zip(costs, accuracies, strict=True))
        if not (math.isnan(cost) or math.isnan(accuracy))
    ]
    front: list[int] = []
    for place in sorted(known, key=lambda place: (costs[place], -accuracies[place], place)):
        if not front or accuracies[place] > accuracies[front[-1]]:
            front.append(place)
    return tuple(front)
