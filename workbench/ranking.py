"""Global scope: how much each unit loses when all are ranked together."""

from collections.abc import Mapping

import numpy as np

from workbench.limits import Limits


def removed_together(
    limits: Mapping[str, Limits],
    current: Mapping[str, int],
    ranks: Mapping[str, np.ndarray],
    wanted: int,
) -> dict[str, int]:
    """By unit name, how many of the dense count go, so that `wanted` go in all.

    The lowest go first, wherever they are, and of equal ones those of the first units. What a
    unit may not lose the others do; only where all limits are met do more or fewer go.

    Args:
        limits: Of all units that are ranked together.
        current: How many are left of each; what is gone counts as removed.
        ranks: Scores, minus infinity for what is gone.
        wanted: How many of all the dense channels or weights are to go.
    """
    gone = {name: limit.size - current[name] for name, limit in limits.items()}
    least = {name: max(limit.size - limit.most, gone[name]) for name, limit in limits.items()}
    most = {name: max(limit.size - limit.fewest, gone[name]) for name, limit in limits.items()}
    removed = min(max(wanted, sum(least.values())), sum(most.values()))
    if not removed:
        return dict.fromkeys(limits, 0)
    competing = {
        # What is gone is last anyway: a floor below it takes no looking for.
        name: _competing(ranks[name], least[name] if least[name] > gone[name] else 0, most[name])
        for name in limits
    }
    # Only the threshold is needed; sorting the weights of a large model would take seconds.
    everything = np.concatenate(list(competing.values()))
    threshold = np.partition(everything, removed - 1)[removed - 1]
    below = {name: int((own < threshold).sum()) for name, own in competing.items()}
    ties_left = removed - sum(below.values())
    counts = {}
    for name, own in competing.items():
        ties = min(ties_left, int((own == threshold).sum()))
        ties_left -= ties
        counts[name] = below[name] + ties
    return counts


def _competing(ranks: np.ndarray, least: int, most: int) -> np.ndarray:
    """Ranks in which the `least` lowest are sure to go, and all but `most` are sure to stay."""
    competing = ranks.copy()
    if most == len(ranks) - 1:
        competing[competing.argmax()] = np.inf
    else:
        competing[np.argpartition(competing, most)[most:]] = np.inf
    if least:
        competing[np.argpartition(competing, least - 1)[:least]] = -np.inf
    return competing
