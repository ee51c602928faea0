"""From a cut to an ONNX model: all of it, or the part between given values and the outputs."""

from collections.abc import Iterable, Sequence

import numpy as np
import onnx

from workbench.onnx_graph.axes import Axes, Indices, Shape, is_cut
from workbench.onnx_graph.cut import Cut
from workbench.onnx_graph.edits import Edit
from workbench.onnx_graph.errors import CutError
from workbench.onnx_graph.graph import Array, OnnxGraph

_FREE_NAME = "/cut"


def build(
    cut: Cut, inputs: Sequence[str] | None = None, outputs: Sequence[str] | None = None
) -> bytes:
    """The graph that is left.

    Args:
        cut: What happens to every node.
        inputs: Values that are given, instead of the graph's inputs, as they are after the cut.
        outputs: Values that are wanted, instead of the graph's outputs.

    Returns:
        An ONNX model that needs no other file.

    Raises:
        CutError: If the inputs do not suffice for the outputs.
    """
    graph = cut.graph
    given = tuple(graph.inputs if inputs is None else inputs)
    wanted = tuple(graph.outputs if outputs is None else outputs)
    builder = _Builder(cut)
    for place in graph.upstream(wanted, frozenset(given)):
        builder.add(graph.nodes[place], cut.edits.get(place))
    return builder.finish(given, wanted)


class _Builder:
    """Collects nodes, and the constants that they need."""

    def __init__(self, cut: Cut) -> None:
        self._cut = cut
        self._graph = cut.graph
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}
        self._count = 0

    def add(self, dense: onnx.NodeProto, edit: Edit | None) -> None:
        node = onnx.NodeProto()
        node.CopyFrom(dense)
        if edit is not None:
            self._apply(node, edit)
        for slot, name in enumerate(node.input):
            if name in self._graph.weights and dense.op_type != "Constant":
                node.input[slot] = self._constant_named(name)
        self._nodes.append(node)

    def _apply(self, node: onnx.NodeProto, edit: Edit) -> None:
        for slot, axes in edit.slices.items():
            node.input[slot] = self._sliced(node.input[slot], axes)
        for slot, sizes in edit.sizes.items():
            node.input[slot] = self._resized(node.input[slot], sizes)
        for slot, numbers in edit.constants.items():
            while len(node.input) <= slot:
                node.input.append("")
            node.input[slot] = self._new(np.asarray(numbers, np.int64))
        if node.op_type == "Split":
            kept = [a for a in node.attribute if a.name != "num_outputs" or not edit.constants]
            del node.attribute[:]
            node.attribute.extend(kept)
        for attribute in node.attribute:
            if attribute.name in edit.attributes:
                attribute.i = edit.attributes[attribute.name]

    def _constant_named(self, name: str) -> str:
        """A constant as it is, or with its masked weights set to zero."""
        if name in self._constants:
            return name
        masked = self._masked(name)
        self._constants[name] = (
            self._graph.weights[name] if masked is None else _tensor(masked, name)
        )
        return name

    def _masked(self, name: str) -> Array | None:
        for source in self._graph.sources.get(name, ()):
            mask = self._cut.masks.get(source.parameter)
            if mask is not None:
                dense = onnx.numpy_helper.to_array(self._graph.weights[name])
                return np.where(mask.transpose(source.order), dense, dense.dtype.type(0))
        return None

    def _sliced(self, name: str, axes: Axes) -> str:
        found = self._masked(name)
        array = onnx.numpy_helper.to_array(self._graph.weights[name]) if found is None else found
        for axis, left in enumerate(axes):
            if left is not None:
                array = array.take(left, axis=axis)
        return self._new(array)

    def _resized(self, name: str, sizes: dict[int, int] | Iterable[int]) -> str:
        """The shape of that name with other sizes at some axes; it may be computed."""
        assert isinstance(sizes, dict)
        constant = self._graph.constant(name)
        if constant is not None:
            shape = constant.copy()
            shape[list(sizes)] = list(sizes.values())
            return self._new(shape)
        rank = int(self._graph.shape(name)[0])
        stays, new = np.ones(rank, np.int64), np.zeros(rank, np.int64)
        stays[list(sizes)] = 0
        new[list(sizes)] = list(sizes.values())
        product, total = self._fresh(), self._fresh()
        self._nodes.append(onnx.helper.make_node("Mul", [name, self._new(stays)], [product]))
        self._nodes.append(onnx.helper.make_node("Add", [product, self._new(new)], [total]))
        return total

    def _fresh(self) -> str:
        self._count += 1
        return f"{_FREE_NAME}/{self._count}"

    def _new(self, array: Array) -> str:
        name = self._fresh()
        self._constants[name] = _tensor(array, name)
        return name

    def finish(self, given: tuple[str, ...], wanted: tuple[str, ...]) -> bytes:
        graph, cut = self._graph, self._cut
        made = {name for node in self._nodes for name in node.output}
        for node in self._nodes:
            for name in node.input:
                if name and name not in made and name not in given and name not in self._constants:
                    raise CutError(
                        f"value {name!r} is needed for {', '.join(wanted)}, and cannot be computed "
                        f"from {', '.join(given)}."
                    )
        proto = onnx.ModelProto(
            ir_version=graph.proto.ir_version, opset_import=graph.proto.opset_import
        )
        proto.graph.name = graph.proto.graph.name or "cut"
        proto.graph.node.extend(self._nodes)
        proto.graph.initializer.extend(self._constants.values())
        for names, place in ((given, proto.graph.input), (wanted, proto.graph.output)):
            place.extend(_value(graph, name, cut.axes.get(name)) for name in names)
        proto.functions.extend(graph.proto.functions)
        return bytes(proto.SerializeToString())


def _tensor(array: Array, name: str) -> onnx.TensorProto:
    return onnx.numpy_helper.from_array(np.ascontiguousarray(array), name)


def _value(graph: OnnxGraph, name: str, axes: Axes | None) -> onnx.ValueInfoProto:
    sizes: list[int | str | None] = []
    shape: Shape = graph.shape(name)
    for axis, size in enumerate(shape):
        left: Indices | None = None if axes is None or not is_cut(axes) else axes[axis]
        sizes.append(len(left) if left is not None else None if size == "?" else size)
    return onnx.helper.make_tensor_value_info(name, graph.types[name], sizes)
