"""An estimate of the energy of one inference, from operations and memory traffic.

Every layer pays for its multiply-adds, and for moving each weight, each input and each output
once between the processor and main memory. Both are linear in the sizes of tensors, so the energy
of a plan is arithmetic, like its multiply-adds. What the estimate leaves out is in docs/energy.md.

Reference:
    Horowitz, Computing's energy problem (and what we can do about it), ISSCC 2014, figure 1.1.9:
    energies of operations in a 45 nm process at 0.9 V.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from torch import Tensor, nn

from workbench.errors import DataError
from workbench.layers import LayerInfo

_PICO_PER_MILLI = 1e9


@dataclass(frozen=True)
class EnergyPrices:
    """What computing with numbers of one kind costs.

    Attributes:
        multiply_pj, add_pj: Of one operation, in picojoules; int8 products are added in int32.
        item_bytes: Bytes of one number.
        byte_pj: Of moving one byte to or from main memory, in picojoules.
    """

    multiply_pj: float
    add_pj: float
    item_bytes: int
    byte_pj: float = 1300 / 8  # 64 bits of DRAM cost 1.3 to 2.6 nJ: at least this much

    @property
    def mac_pj(self) -> float:
        """One multiply-add."""
        return self.multiply_pj + self.add_pj

    @property
    def item_pj(self) -> float:
        """Moving one number."""
        return self.item_bytes * self.byte_pj


PRICES: Mapping[str, EnergyPrices] = MappingProxyType(
    {
        "float32": EnergyPrices(3.7, 0.9, 4),
        "float16": EnergyPrices(1.1, 0.4, 2),
        "int8": EnergyPrices(0.2, 0.1, 1),
    }
)
"""By precision, Horowitz's energies."""


@dataclass(frozen=True)
class LayerEnergy:
    """The energy of one layer as a function of its weight's shape.

    Attributes:
        layer: Its name.
        weight: Name of its weight; empty if that is computed, and so keeps its shape.
        shape: Shape of the dense weight.
        output_dim, input_dim: Dimensions of the weight that the layer's channels follow.
        weight_pj: Of every element of the weight: its multiply-adds, and reading it.
        output_pj, input_pj: Of every slice of the weight along these dimensions: writing its
            outputs, reading its inputs.
    """

    layer: str
    weight: str
    shape: tuple[int, ...]
    output_dim: int
    input_dim: int
    weight_pj: float
    output_pj: float
    input_pj: float

    def millijoules(self, shape: Sequence[int]) -> float:
        """With a weight of this shape."""
        return (
            math.prod(shape) * self.weight_pj
            + shape[self.output_dim] * self.output_pj
            + shape[self.input_dim] * self.input_pj
        ) / _PICO_PER_MILLI


def layer_energies(
    layers: Iterable[LayerInfo], precision: str = "float32"
) -> tuple[LayerEnergy, ...]:
    """What each convolution and linear layer costs for one input.

    Args:
        layers: The dense model's layers.
        precision: One of `PRICES`.

    Raises:
        DataError: If there are no prices of that precision.
    """
    if precision not in PRICES:
        raise DataError(
            f"precision of an energy estimate must be one of {', '.join(PRICES)}; got "
            f"{precision!r}."
        )
    return tuple(_of_layer(layer, PRICES[precision]) for layer in layers if layer.positions)


def energy_mj(energies: Iterable[LayerEnergy], shapes: Mapping[str, Sequence[int]]) -> float:
    """The sum over layers, in millijoules; `shapes` has those of all parameters, by name."""
    return sum(energy.millijoules(shapes.get(energy.weight, energy.shape)) for energy in energies)


def energy_of(module: nn.Module, layers: Iterable[LayerInfo], precision: str = "float32") -> float:
    """The estimate for one input of a model, in millijoules.

    Args:
        module: A model with the given layers, channels possibly removed from it.
        layers: The dense model's layers.
        precision: What it computes with: one of `PRICES`.

    Raises:
        DataError: If there are no prices of that precision.
    """
    total = 0.0
    for energy in layer_energies(layers, precision):
        weight = module.get_submodule(energy.layer).weight
        assert isinstance(weight, Tensor)
        total += energy.millijoules(weight.shape)
    return total


def _of_layer(layer: LayerInfo, prices: EnergyPrices) -> LayerEnergy:
    output_dim, input_dim = (1, 0) if layer.transposed else (0, 1)
    if _is_depthwise(layer):
        output_dim = input_dim = 0
    shape = layer.weight_shape
    inputs, outputs = math.prod(layer.input_shape), math.prod(layer.output_shape)
    runs = layer.positions / _positions_of_a_run(layer)
    return LayerEnergy(
        layer.name,
        layer.weight_name,
        shape,
        output_dim,
        input_dim,
        weight_pj=layer.positions * prices.mac_pj + runs * prices.item_pj,
        output_pj=runs * outputs / shape[output_dim] * prices.item_pj,
        input_pj=runs * inputs / shape[input_dim] * prices.item_pj,
    )


def _is_depthwise(layer: LayerInfo) -> bool:
    """Whether the channels of input and output both run along the weight's first dimension."""
    shape = layer.weight_shape
    return len(shape) > 2 and shape[1] == 1 and shape[0] > 1 and layer.input_shape[:1] != (1,)


def _positions_of_a_run(layer: LayerInfo) -> int:
    """Places the weight is applied at in one of the layer's runs on one input."""
    if len(layer.weight_shape) < 3:
        return math.prod(layer.output_shape[:-1])
    return math.prod((layer.input_shape if layer.transposed else layer.output_shape)[1:])
