"""What a network costs as one unit after the other changes: only the tensors it reaches count."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from workbench.allocation.costs import CostModel


@dataclass(frozen=True)
class _Reach:
    """What a unit's channels are part of.

    Attributes:
        dimensions: All dimensions of the tensors it reaches, by index.
        slices: What one channel adds to each.
        starts: Where in these each tensor begins.
        weights: What one element of each tensor costs.
        neighbours: Units that reach any of these tensors, this one included.
    """

    dimensions: np.ndarray
    slices: np.ndarray
    starts: np.ndarray
    weights: np.ndarray
    neighbours: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Reaches:
    """By unit, what it reaches, for one metric; worked out once for any number of networks."""

    costs: CostModel
    metric: str

    @cached_property
    def of(self) -> tuple[_Reach, ...]:
        """One entry for each unit."""
        ends = np.append(self.costs.widths.starts, len(self.costs.widths.lengths))[1:]
        sizes = ends - self.costs.widths.starts
        owner = np.repeat(np.arange(len(sizes)), sizes)
        touches = self.costs.widths.slices != 0  # (dimensions, units)
        found = []
        for unit in range(len(self.costs.widths.units)):
            tensors = np.unique(owner[touches[:, unit]])
            tensors = tensors[self.costs.weights[self.metric][tensors] != 0]
            dimensions = np.flatnonzero(np.isin(owner, tensors))
            found.append(
                _Reach(
                    dimensions,
                    self.costs.widths.slices[dimensions, unit],
                    np.cumsum(np.append(0, sizes[tensors]))[:-1],
                    self.costs.weights[self.metric][tensors],
                    tuple(
                        sorted({unit, *np.flatnonzero(touches[dimensions].any(axis=0)).tolist()})
                    ),
                )
            )
        return tuple(found)


class Moving:
    """A network whose counts change one at a time.

    Args:
        reaches: Of its cost model and a metric.
        kept: Counts to begin with, shape ``(units,)``; copied.
    """

    def __init__(self, reaches: Reaches, kept: np.ndarray) -> None:
        self._reaches = reaches.of
        self.kept = np.array(kept, np.int64)
        costs = reaches.costs
        self._lengths = (
            costs.widths.lengths + costs.widths.slices @ self.kept if len(self.kept) else None
        )

    def affected(self, unit: int, counts: np.ndarray) -> np.ndarray:
        """Cost of the tensors that a unit reaches, were it to keep so many.

        Between two counts this differs by as much as the cost of the whole network does.

        Args:
            unit: Its index.
            counts: Shape ``(counts,)``.

        Returns:
            Shape ``(counts,)``.
        """
        reach = self._reaches[unit]
        if not len(reach.starts) or self._lengths is None:
            return np.zeros(len(counts))
        added = np.multiply.outer(counts - self.kept[unit], reach.slices)
        lengths = self._lengths[reach.dimensions] + added
        elements = np.multiply.reduceat(lengths, reach.starts, axis=-1)
        cost: np.ndarray = elements @ reach.weights
        return cost

    def set(self, unit: int, count: int) -> None:
        """Keep so many of a unit from now on."""
        if self._lengths is None or count == self.kept[unit]:
            return
        reach = self._reaches[unit]
        self._lengths[reach.dimensions] += (count - self.kept[unit]) * reach.slices
        self.kept[unit] = count

    def neighbours(self, unit: int) -> tuple[int, ...]:
        """Units whose cost depends on how many of this one are kept, itself included."""
        return self._reaches[unit].neighbours
