"""What a network costs for many choices of counts at once: exact arithmetic, vectorised."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.measure.energy import layer_energies
from workbench.pruned import PrunedModel
from workbench.widths import Side, Widths

METRICS = {
    "parameters": "parameters",
    "macs": "MACs",
    "size_bytes": "size",
    "energy": "energy (estimate)",
}
"""By name, what a person calls it; another metric is one line here and its prices below."""


Prices = dict[str | Side, float]


@dataclass(frozen=True, eq=False)
class CostModel:
    """Parameters, multiply-adds, bytes and energy as functions of how many channels are kept.

    Attributes:
        widths: Lengths of the tensors that the units reach, and of sides that cost by themselves.
        weights: By metric, what one element of each of them costs, shape ``(tensors,)``.
        fixed: By metric, what no channel changes.
    """

    widths: Widths
    weights: Mapping[str, np.ndarray]
    fixed: Mapping[str, float]

    @classmethod
    def of(cls, model: PrunedModel, units: Sequence[str]) -> "CostModel":
        """The costs of a model whose other channels stay as they are.

        Args:
            model: The current model.
            units: Names of channel groups.
        """
        prices = _prices(model)
        sides = {part for price in prices.values() for part in price if isinstance(part, tuple)}
        widths = Widths.of(model, units, sides)
        reached = set(widths.tensors)
        weights = {
            metric: np.array([price.get(tensor, 0.0) for tensor in widths.tensors])
            for metric, price in prices.items()
        }
        fixed = {
            metric: sum(
                cost * _elements_left(model, part)
                for part, cost in price.items()
                if part not in reached
            )
            for metric, price in prices.items()
        }
        return cls(widths, weights, fixed)

    def cost(self, metric: str, kept: np.ndarray) -> np.ndarray:
        """What networks with these counts cost.

        Args:
            metric: One of `METRICS`.
            kept: Channels kept of every unit, shape ``(..., units)``.

        Returns:
            Shape ``(...)``, float64.
        """
        if not self.widths.tensors:
            return np.full(np.shape(kept)[:-1], self.fixed[metric])
        elements = np.multiply.reduceat(self.widths.at(kept), self.widths.starts, axis=-1)
        costs: np.ndarray = elements @ self.weights[metric] + self.fixed[metric]
        return costs


def dense_costs(model: PrunedModel) -> dict[str, float]:
    """By metric, what the dense model costs from which `model` was pruned."""
    shapes = model.anatomy.shapes
    return {
        metric: float(
            sum(cost * _elements(part, shapes[_tensor(part)]) for part, cost in p.items())
        )
        for metric, p in _prices(model).items()
    }


def _elements_left(model: PrunedModel, part: str | Side) -> float:
    name = _tensor(part)
    return _elements(part, model.structure.shape(name, model.anatomy.shapes[name]))


def _tensor(part: str | Side) -> str:
    return part if isinstance(part, str) else part[0]


def _elements(part: str | Side, shape: tuple[int, ...]) -> float:
    return float(np.prod(shape) if isinstance(part, str) else shape[part[1]])


def _prices(model: PrunedModel) -> dict[str, Prices]:
    """By metric, what every element of a tensor costs, and every slice along a side."""
    anatomy = model.anatomy
    parameters = {name for name, _ in model.module.named_parameters()}
    macs: Prices = {}
    for layer in anatomy.layers:
        if layer.positions and layer.weight_name:
            macs[layer.weight_name] = macs.get(layer.weight_name, 0) + layer.positions
    return {
        "parameters": dict.fromkeys(parameters, 1.0),
        "macs": macs,
        "size_bytes": {name: float(size) for name, size in anatomy.item_bytes.items()},
        "energy": _energy_prices(model),
    }


def _energy_prices(model: PrunedModel) -> Prices:
    """In picojoules: of a weight's elements, and of the inputs and outputs along its sides."""
    found: Prices = {}
    for energy in layer_energies(model.anatomy.layers):
        if not energy.weight:
            continue  # it is computed, and costs whatever is pruned
        parts: tuple[tuple[str | Side, float], ...] = (
            (energy.weight, energy.weight_pj),
            ((energy.weight, energy.output_dim), energy.output_pj),
            ((energy.weight, energy.input_dim), energy.input_pj),
        )
        for part, picojoules in parts:
            found[part] = found.get(part, 0.0) + picojoules
    return found
