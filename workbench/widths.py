"""How long every dimension of every weight is, as a function of how many channels are kept."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workbench.pruned import PrunedModel


@dataclass(frozen=True, eq=False)
class Widths:
    """Lengths of the tensors that channels run through: linear in the counts of the units.

    Attributes:
        units: Names of the groups, in the order of the columns of all counts.
        tensors: Names of the tensors that any of them reaches.
        lengths: Length of every dimension of every tensor if all channels of the units were gone,
            shape ``(dimensions,)``, tensor by tensor.
        slices: What one kept channel of a unit adds to each, shape ``(dimensions, units)``.
        starts: Where each tensor's dimensions begin, shape ``(tensors,)``.
    """

    units: tuple[str, ...]
    tensors: tuple[str, ...]
    lengths: np.ndarray
    slices: np.ndarray
    starts: np.ndarray

    @classmethod
    def of(cls, model: PrunedModel, units: Sequence[str]) -> "Widths":
        """The widths of a model whose other channels stay as they are.

        Args:
            model: The current model.
            units: Names of channel groups.
        """
        alive = model.alive("channel")
        counts = np.array([alive[unit].sum() for unit in units], np.float64)
        reach = _reach(model, units)
        tensors = tuple(sorted({tensor for tensor, _ in reach}))
        lengths: list[float] = []
        slices: list[np.ndarray] = []
        starts: list[int] = []
        for tensor in tensors:
            starts.append(len(lengths))
            now = model.structure.shape(tensor, model.anatomy.shapes[tensor])
            for dim, length in enumerate(now):
                per_unit = reach.get((tensor, dim), np.zeros(len(units)))
                slices.append(per_unit)
                lengths.append(float(length - per_unit @ counts))
        return cls(
            tuple(units),
            tensors,
            np.array(lengths, np.float64),
            np.array(slices, np.float64).reshape(len(lengths), len(units)),
            np.array(starts, np.int64),
        )

    def at(self, kept: np.ndarray) -> np.ndarray:
        """Length of every dimension, shape ``(..., dimensions)``.

        Args:
            kept: Channels kept of every unit, shape ``(..., units)``.
        """
        found: np.ndarray = self.lengths + np.asarray(kept, np.float64) @ self.slices.T
        return found


def _reach(model: PrunedModel, units: Sequence[str]) -> dict[tuple[str, int], np.ndarray]:
    """By (tensor, dimension): slices that one channel of each unit has there."""
    place = {unit: number for number, unit in enumerate(units)}
    reach: dict[tuple[str, int], np.ndarray] = {}
    for group in model.anatomy.graph.groups:
        if group.name not in place:
            continue
        for member in group.members:
            key = member.parameter, member.dim
            row = reach.setdefault(key, np.zeros(len(units)))
            row[place[group.name]] += member.indices.shape[1]
    return reach
