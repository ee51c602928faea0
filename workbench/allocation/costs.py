"""What a network costs for many choices of counts at once: exact arithmetic, vectorised."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from workbench.pruned import PrunedModel

METRICS = {"parameters": "parameters", "macs": "MACs", "size_bytes": "size"}
"""By name, what a person calls it; another metric is one line here and its prices below."""


@dataclass(frozen=True, eq=False)
class CostModel:
    """Parameters, multiply-adds and stored bytes as functions of how many channels are kept.

    Attributes:
        units: Names of the groups, in the order of the columns of all counts below.
        lengths: Length of every dimension of every tensor if all its channels were gone, shape
            ``(dimensions,)``, tensor by tensor.
        slices: What one kept channel of a unit adds to each, shape ``(dimensions, units)``.
        starts: Where each tensor's dimensions begin, shape ``(tensors,)``.
        weights: By metric, what one element of each tensor costs, shape ``(tensors,)``.
        fixed: By metric, what no channel changes.
    """

    units: tuple[str, ...]
    lengths: np.ndarray
    slices: np.ndarray
    starts: np.ndarray
    weights: dict[str, np.ndarray]
    fixed: dict[str, float]

    @classmethod
    def of(cls, model: PrunedModel, units: Sequence[str]) -> "CostModel":
        """The costs of a model whose other channels stay as they are.

        Args:
            model: The current model.
            units: Names of channel groups.
        """
        return _Collection(model, tuple(units)).cost_model()

    def cost(self, metric: str, kept: np.ndarray) -> np.ndarray:
        """What networks with these counts cost.

        Args:
            metric: One of `METRICS`.
            kept: Channels kept of every unit, shape ``(..., units)``.

        Returns:
            Shape ``(...)``, float64.
        """
        if not len(self.starts):
            return np.full(np.shape(kept)[:-1], self.fixed[metric])
        lengths = self.lengths + np.asarray(kept, np.float64) @ self.slices.T
        elements = np.multiply.reduceat(lengths, self.starts, axis=-1)
        costs: np.ndarray = elements @ self.weights[metric] + self.fixed[metric]
        return costs


def dense_costs(model: PrunedModel) -> dict[str, float]:
    """By metric, what the dense model costs from which `model` was pruned."""
    shapes = model.anatomy.shapes
    return {
        metric: float(sum(price * np.prod(shapes[name]) for name, price in prices.items()))
        for metric, prices in _Collection(model, ()).price.items()
    }


@dataclass(frozen=True)
class _Collection:
    """Gathers the tensors that the units reach; the others are a constant."""

    model: PrunedModel
    units: tuple[str, ...]

    def cost_model(self) -> CostModel:
        reach = self._reach
        tensors = sorted({tensor for tensor, _ in reach})
        lengths: list[float] = []
        slices: list[np.ndarray] = []
        starts: list[int] = []
        for tensor in tensors:
            starts.append(len(lengths))
            for dim, length in enumerate(self._now[tensor]):
                per_unit = reach.get((tensor, dim), np.zeros(len(self.units)))
                slices.append(per_unit)
                lengths.append(length - per_unit @ self._counts)
        weights = {m: np.array([self.price[m].get(t, 0) for t in tensors]) for m in METRICS}
        fixed = {
            metric: float(
                sum(
                    price * np.prod(self._now[tensor])
                    for tensor, price in self.price[metric].items()
                    if tensor not in set(tensors)
                )
            )
            for metric in METRICS
        }
        return CostModel(
            self.units,
            np.array(lengths, np.float64),
            np.array(slices, np.float64).reshape(len(lengths), len(self.units)),
            np.array(starts, np.int64),
            weights,
            fixed,
        )

    @cached_property
    def _now(self) -> dict[str, tuple[int, ...]]:
        shapes, structure = self.model.anatomy.shapes, self.model.structure
        return {name: structure.shape(name, shape) for name, shape in shapes.items()}

    @cached_property
    def _counts(self) -> np.ndarray:
        alive = self.model.alive("channel")
        return np.array([alive[unit].sum() for unit in self.units], np.float64)

    @cached_property
    def _reach(self) -> dict[tuple[str, int], np.ndarray]:
        """By (tensor, dimension): slices that one channel of each unit has there."""
        place = {unit: number for number, unit in enumerate(self.units)}
        reach: dict[tuple[str, int], np.ndarray] = {}
        for group in self.model.anatomy.graph.groups:
            if group.name not in place:
                continue
            for member in group.members:
                key = member.parameter, member.dim
                row = reach.setdefault(key, np.zeros(len(self.units)))
                row[place[group.name]] += member.indices.shape[1]
        return reach

    @cached_property
    def price(self) -> dict[str, dict[str, float]]:
        """By metric and tensor, what one element costs."""
        anatomy = self.model.anatomy
        parameters = {name for name, _ in self.model.module.named_parameters()}
        macs: dict[str, float] = {}
        for layer in anatomy.layers:
            if layer.positions and layer.weight_name:
                macs[layer.weight_name] = macs.get(layer.weight_name, 0) + layer.positions
        return {
            "parameters": dict.fromkeys(parameters, 1.0),
            "macs": macs,
            "size_bytes": {name: float(size) for name, size in anatomy.item_bytes.items()},
        }
