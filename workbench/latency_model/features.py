"""What of a network's widths decides how long a runtime takes for it.

Runtimes compute convolutions in blocks of channels: counts are filled up to a whole block, and a
count that does not fit the fast path's alignment takes another path altogether, several times
slower. A pruned network can therefore be slower than the dense one. So every layer adds to the sums
of its kind (convolution, pointwise, depthwise, grouped, linear) and of the path that its input
channels allow, with counts as they are and filled up.

ONNX Runtime's blocked layout takes inputs whose channels are a multiple of 4, and fills blocks of 8
(16 with AVX-512); with fewer inputs than a block it has a path of its own. Other runtimes have
others; what does not matter there is learned to be zero.
"""

from dataclasses import dataclass

import numpy as np

from workbench.layers import LayerInfo
from workbench.pruned import PrunedModel
from workbench.widths import Widths

ALIGNMENT = 4
BLOCK = 8

_KINDS = ("convolution", "pointwise", "depthwise", "grouped", "linear")
_PATHS = 3  # few inputs, aligned, not aligned
_SUMS = 5  # multiply-adds, the same filled up, outputs, inputs, layers


@dataclass(frozen=True, eq=False)
class Features:
    """The sums, for any counts of a model's units.

    Attributes:
        widths: Lengths of the tensors that the units reach.
        outputs, inputs: Position in `widths` of each layer's channels, shape ``(layers,)``.
        taps: Elements of one channel of the kernel times the places it is applied at.
        positions: The places alone.
        kinds: Index of the kind of each layer.
    """

    widths: Widths
    outputs: np.ndarray
    inputs: np.ndarray
    taps: np.ndarray
    positions: np.ndarray
    kinds: np.ndarray

    @classmethod
    def of(cls, dense: PrunedModel) -> "Features":
        """The features of a dense model, as functions of the counts of its prunable units."""
        units = [unit.name for unit in dense.anatomy.units("channel") if unit.prunable]
        widths = Widths.of(dense, units)
        start = dict(zip(widths.tensors, widths.starts, strict=True))
        layers = [
            layer
            for layer in dense.anatomy.layers
            if layer.positions and layer.weight_name in start
        ]
        first = np.array([start[layer.weight_name] for layer in layers], np.int64)
        turned = np.array([layer.transposed for layer in layers], np.int64)
        positions = np.array([layer.positions for layer in layers], np.float64)
        kernels = np.array([np.prod(layer.weight_shape[2:]) for layer in layers], np.float64)
        kinds = np.array([_KINDS.index(_kind(layer)) for layer in layers], np.int64)
        return cls(
            widths, first + turned, first + 1 - turned, kernels * positions, positions, kinds
        )

    @property
    def units(self) -> tuple[str, ...]:
        """Names of the units, in the order of the columns of counts."""
        return self.widths.units

    def at(self, kept: np.ndarray) -> np.ndarray:
        """The sums for these counts, shape ``(n, features)``.

        Args:
            kept: Channels kept of every unit, shape ``(n, units)``.
        """
        lengths = self.widths.at(kept)
        outputs, inputs = lengths[:, self.outputs], lengths[:, self.inputs]
        filled_outputs, filled_inputs = _filled(outputs), _filled(inputs)
        single = self.kinds == _KINDS.index("depthwise")
        deciding = np.where(single, outputs, inputs)
        summands = np.stack(
            [
                outputs * inputs * self.taps,
                filled_outputs * np.where(single, 1, filled_inputs) * self.taps,
                outputs * self.positions,
                inputs * self.taps,
                np.ones_like(outputs),
            ],
            axis=-1,
        )  # (n, layers, sums)
        cells = _PATHS * self.kinds + _path(deciding)  # (n, layers)
        members = cells[:, None, :] == np.arange(_PATHS * len(_KINDS))[:, None]
        sums: np.ndarray = members.astype(np.float64) @ summands  # (n, cells, sums)
        return sums.reshape(len(lengths), -1)


def _filled(counts: np.ndarray) -> np.ndarray:
    filled: np.ndarray = np.ceil(counts / BLOCK) * BLOCK
    return filled


def _path(channels: np.ndarray) -> np.ndarray:
    """0 for few channels, 1 for aligned ones, 2 for others."""
    return np.where(channels < BLOCK, 0, np.where(channels % ALIGNMENT == 0, 1, 2))


def _kind(layer: LayerInfo) -> str:
    if len(layer.weight_shape) < 3:
        return "linear"
    outputs, inputs = layer.weight_shape[0], layer.weight_shape[1]
    if layer.transposed:
        outputs, inputs = inputs, outputs
    if inputs == 1 and outputs > 1 and layer.input_shape[:1] != (1,):
        return "depthwise"
    if layer.input_shape and not layer.transposed and inputs < layer.input_shape[0]:
        return "grouped"
    return "pointwise" if np.prod(layer.weight_shape[2:]) == 1 else "convolution"
