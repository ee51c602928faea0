"""What a rule sees of the node it is asked about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx

from workbench.onnx_graph.axes import Axes, Indices, KeptByName, Shape, alike, is_cut
from workbench.onnx_graph.errors import CutError
from workbench.onnx_graph.graph import Array, OnnxGraph


@dataclass(frozen=True, eq=False)
class NodeView:
    """A node, and what is left of its inputs.

    Attributes:
        node: The node of the dense graph.
        graph: The dense graph.
        cut: By value, what is left of it; values left out are whole.
        kept: What is left of the parameters.
    """

    node: onnx.NodeProto
    graph: OnnxGraph
    cut: Mapping[str, Axes] = field(repr=False)
    kept: KeptByName = field(repr=False)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of its inputs; an empty name where an optional one is left out."""
        return tuple(self.node.input)

    def has(self, slot: int) -> bool:
        """Whether the input at this position is given."""
        return slot < len(self.node.input) and bool(self.node.input[slot])

    def is_constant(self, slot: int) -> bool:
        """Whether the input at this position is a constant."""
        return self.node.input[slot] in self.graph.weights

    def constant(self, slot: int) -> Array:
        """The constant at this position.

        Raises:
            CutError: If it is computed.
        """
        found = self.graph.constant(self.node.input[slot])
        if found is None:
            raise self.refuse(f"its input {slot} is computed, not constant")
        return found

    def axes(self, slot: int) -> Axes:
        """What is left of an input; of a constant by the parameter it comes from."""
        name = self.node.input[slot]
        if name in self.graph.weights:
            return self.graph.named_axes(name, self.kept)
        return self.cut.get(name) or (None,) * len(self.graph.shape(name))

    def shape(self, slot: int) -> Shape:
        """Dense sizes of an input."""
        return self.graph.shape(self.node.input[slot])

    def output_shape(self, place: int = 0) -> Shape:
        """Dense sizes of an output."""
        return self.graph.shape(self.node.output[place])

    def attribute(self, name: str, default: Any = None) -> Any:
        """An attribute's value."""
        for attribute in self.node.attribute:
            if attribute.name == name:
                return onnx.helper.get_attribute_value(attribute)
        return default

    def any_cut(self) -> bool:
        """Whether anything is missing in its inputs."""
        return any(
            is_cut(self.axes(slot))
            for slot, name in enumerate(self.node.input)
            if name and (name in self.cut or name in self.graph.sources)
        )

    def size(self, slot: int, axis: int) -> int:
        """Dense size of an input's axis.

        Raises:
            CutError: If it is free.
        """
        size = self.shape(slot)[axis]
        if isinstance(size, str):
            raise self.refuse(f"axis {axis} of {self.node.input[slot]!r} has a free size {size!r}")
        return size

    def agree(self, first: Any, second: Any, what: str) -> None:
        """Refuse when two axes that meet were cut differently."""
        if not alike(first, second):
            raise self.refuse(f"{what} meet, and different slices of them are left")

    def follow(self, slot: int, axis: int, left: Indices | None) -> None:
        """Refuse when a weight's slices were not removed as those of the values it reads.

        A weight that no parameter is known for simply follows.
        """
        name = self.node.input[slot]
        if self.graph.sources.get(name) and not alike(self.axes(slot)[axis], left):
            parameter = self.graph.sources[name][0].parameter
            raise self.refuse(
                f"other slices are left of parameter {parameter!r} than of the values it reads"
            )

    def refuse(self, reason: str) -> CutError:
        """The error that says why this node stands in the way."""
        return CutError(
            f"node {self.node.name or self.node.output[0]!r} ({self.node.op_type}) cannot be cut: "
            f"{reason}. Export the pruned module instead."
        )


def count_left(left: Any, size: int) -> int:
    """How many are left of an axis."""
    return size if left is None else len(left)


def moved(left: Any, indices: Any) -> Any:
    """Where dense positions lie among what is left; all of them must be left."""
    return indices if left is None else np.searchsorted(left, indices)
