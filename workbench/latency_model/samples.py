"""Networks to measure: narrow and wide ones, with counts that fit a runtime's blocks or not."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from workbench.plan import Plan
from workbench.pruned import PrunedModel

_HIGHEST_RATIOS = (0.3, 0.9, 0.6)
_ROUNDINGS = (1, 8, 4, 1)


@dataclass(frozen=True, eq=False)
class Sample:
    """One measured network.

    Attributes:
        kept: Channels of every unit, shape ``(units,)``.
        relative: Its latency as a fraction of the dense network's, measured in turn with it.
        error: What was predicted for it without knowing it, relative to that, minus 1; None if
            nothing was.
    """

    kept: np.ndarray
    relative: float
    error: float | None = None


def plans_to_measure(dense: PrunedModel, seed: int = 0) -> Iterator[Plan]:
    """Random plans without end, the same for the same seed."""
    units = [unit.name for unit in dense.anatomy.units("channel") if unit.prunable]
    draw = np.random.default_rng(seed)
    number = 0
    while True:
        highest = _HIGHEST_RATIOS[number % len(_HIGHEST_RATIOS)]
        ratios = draw.uniform(0, highest, len(units)).tolist()
        rounding = _ROUNDINGS[number % len(_ROUNDINGS)]
        yield Plan(round_to=rounding, ratios=dict(zip(units, ratios, strict=True)))
        number += 1
