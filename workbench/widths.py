"""How long every dimension of every weight is, as a function of how many channels are kept."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.pruned import PrunedModel

Side = tuple[str, int]
"""One dimension of a tensor."""


@dataclass(frozen=True, eq=False)
class Widths:
    """Lengths of the tensors that channels run through: linear in the counts of the units.

    Attributes:
        units: Names of the groups, in the order of the columns of all counts.
        tensors: Names of the tensors that any of them reaches, and sides that were asked for.
        lengths: Length of every dimension of every tensor if all channels of the units were gone,
            shape ``(dimensions,)``, tensor by tensor; a side is a tensor of one dimension.
        slices: What one kept channel of a unit adds to each, shape ``(dimensions, units)``.
        starts: Where each tensor's dimensions begin, shape ``(tensors,)``.
    """

    units: tuple[str, ...]
    tensors: tuple[str | Side, ...]
    lengths: np.ndarray
    slices: np.ndarray
    starts: np.ndarray

    @classmethod
    def of(cls, model: PrunedModel, units: Sequence[str], sides: Collection[Side] = ()) -> "Widths":
        """The widths of a model whose other channels stay as they are.

        Args:
            model: The current model.
            units: Names of channel groups.
            sides: Dimensions that count by themselves; those that no unit reaches are left out.
        """
        alive = model.alive("channel")
        counts = np.array([alive[unit].sum() for unit in units], np.float64)
        reach = _reach(model, units)
        whole = sorted({tensor for tensor, _ in reach})
        alone = sorted({side for side in sides if side in reach})
        ranks = {tensor: len(model.anatomy.shapes[tensor]) for tensor in whole}
        parts = [
            *([(name, dim) for dim in range(ranks[name])] for name in whole),
            *([s] for s in alone),
        ]
        lengths: list[float] = []
        slices: list[np.ndarray] = []
        starts: list[int] = []
        for part in parts:
            starts.append(len(lengths))
            for name, dim in part:
                now = model.structure.shape(name, model.anatomy.shapes[name])
                per_unit = reach.get((name, dim), np.zeros(len(units)))
                slices.append(per_unit)
                lengths.append(float(now[dim] - per_unit @ counts))
        return cls(
            tuple(units),
            (*whole, *alone),
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


def _reach(model: PrunedModel, units: Sequence[str]) -> dict[Side, np.ndarray]:
    """By (tensor, dimension): slices that one channel of each unit has there."""
    place = {unit: number for number, unit in enumerate(units)}
    reach: dict[Side, np.ndarray] = {}
    for group in model.anatomy.graph.groups:
        if group.name not in place:
            continue
        for member in group.members:
            key = member.parameter, member.dim
            row = reach.setdefault(key, np.zeros(len(units)))
            row[place[group.name]] += member.indices.shape[1]
    return reach
