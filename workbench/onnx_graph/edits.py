"""What cutting does to one node, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from workbench.onnx_graph.axes import Axes


@dataclass(frozen=True, eq=False)
class Edit:
    """How a node changes.

    Attributes:
        outputs: What is left of each of its outputs.
        mixes: Whether it combines values along an axis that was cut, so that its outputs are new
            numbers. If not, they are slices of what the dense graph computes.
        slices: By position among its inputs, what is left of the constant there.
        sizes: By position among its inputs, the new sizes (by axis) in the shape given there.
        constants: By position among its inputs, the constant to give instead.
        attributes: Attributes with other values.
        operator: Another operator to use, such as Gather for an irregular Slice.
    """

    outputs: tuple[Axes, ...]
    mixes: bool = False
    slices: Mapping[int, Axes] = field(default_factory=dict)
    sizes: Mapping[int, Mapping[int, int]] = field(default_factory=dict)
    constants: Mapping[int, NDArray[np.int64]] = field(default_factory=dict)
    attributes: Mapping[str, int] = field(default_factory=dict)
    operator: str = ""
