"""Batch norms of an ONNX model: with the statistics of the batch in hand, or with given ones."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx.helper import make_node, make_tensor_value_info

from workbench.onnx_graph.graph import OnnxGraph

Array = NDArray[np.float32]

_MEAN, _VARIANCE = "/mean", "/variance"
_SMALLEST = 1e-5  # added to a variance, unless a norm says otherwise


@dataclass(frozen=True, eq=False)
class Statistics:
    """What a batch norm subtracts and divides by.

    Attributes:
        mean, variance: Of its input, shape ``(channels,)``.
    """

    mean: Array
    variance: Array


def norms_of(data: bytes) -> tuple[str, ...]:
    """Batch norms of a model with statistics of their own, by what they put out."""
    return tuple(
        node.output[0] for node in onnx.load_from_string(data).graph.node if _is_norm(node)
    )


def by_batch(data: bytes, graph: OnnxGraph) -> bytes:
    """The model with batch norms that use the mean and variance of the batch in hand.

    Args:
        data: What `build` made of a cut of the graph.
        graph: Knows the rank of every value.

    Returns:
        A model that gives the mean and variance of every norm's input as well, after its outputs;
        `taken` reads them.
    """
    proto = onnx.load_from_string(data)
    constants = {tensor.name: tensor for tensor in proto.graph.initializer}
    nodes = []
    for node in proto.graph.node:
        if not _is_norm(node):
            nodes.append(node)
            continue
        rank = len(graph.shape(node.input[0]))
        nodes += _own_statistics(node, constants, rank, proto.graph)
        for name in statistics_of(node.output):
            proto.graph.output.append(make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)
    return bytes(proto.SerializeToString())


def statistics_of(norms: Iterable[str]) -> list[str]:
    """Names of the outputs that hold the statistics of norms."""
    return [norm + which for norm in norms for which in (_MEAN, _VARIANCE)]


def taken(found: Mapping[str, Array], norm: str, count: int) -> Statistics:
    """The statistics of one norm among the outputs of a model made by `by_batch`.

    Args:
        found: Its outputs by name.
        norm: The norm.
        count: Over how many numbers of a channel; their variance is that of a sample, as training
            counts it.
    """
    mean, variance = found[norm + _MEAN].ravel(), found[norm + _VARIANCE].ravel()
    return Statistics(mean, variance * np.float32(count / max(count - 1, 1)))


def with_statistics(data: bytes, known: Mapping[str, Statistics]) -> bytes:
    """The model with other means and variances; norms that are not named keep theirs."""
    proto = onnx.load_from_string(data)
    constants = {tensor.name: tensor for tensor in proto.graph.initializer}
    for node in proto.graph.node:
        found = known.get(node.output[0]) if _is_norm(node) else None
        if found is not None:
            for slot, numbers in ((3, found.mean), (4, found.variance)):
                name = f"{node.output[0]}/{slot}"
                constants[name] = onnx.numpy_helper.from_array(numbers, name)
                node.input[slot] = name
    read = {name for node in proto.graph.node for name in node.input}
    del proto.graph.initializer[:]
    proto.graph.initializer.extend(tensor for name, tensor in constants.items() if name in read)
    return bytes(proto.SerializeToString())


def numbers_per_channel(graph: OnnxGraph, norm: str, batch: int) -> int:
    """Over how many numbers of a channel a norm takes its statistics."""
    return batch * prod(graph.image_shape(norm)[1:])


def _is_norm(node: onnx.NodeProto) -> bool:
    return node.op_type == "BatchNormalization"


def _own_statistics(
    node: onnx.NodeProto,
    constants: Mapping[str, onnx.TensorProto],
    rank: int,
    graph: onnx.GraphProto,
) -> list[onnx.NodeProto]:
    x, out = node.input[0], node.output[0]
    scale, bias = (
        _along_channels(onnx.numpy_helper.to_array(constants[name]), rank)
        for name in node.input[1:3]
    )
    smallest = next((a.f for a in node.attribute if a.name == "epsilon"), _SMALLEST)
    axes = _constant(graph, out + "/axes", np.array([0, *range(2, rank)], np.int64))
    mean, variance = out + _MEAN, out + _VARIANCE
    names = {
        name: _constant(graph, f"{out}/{name}", numbers)
        for name, numbers in (
            ("scale", scale),
            ("bias", bias),
            ("epsilon", np.array(smallest, np.float32)),
        )
    }
    steps = ("centred", "squared", "above", "deviation", "factor", "scaled")
    centred, squared, above, deviation, factor, scaled = (f"{out}/{step}" for step in steps)
    return [
        make_node("ReduceMean", [x, axes], [mean], keepdims=1),
        make_node("Sub", [x, mean], [centred]),
        make_node("Mul", [centred, centred], [squared]),
        make_node("ReduceMean", [squared, axes], [variance], keepdims=1),
        make_node("Add", [variance, names["epsilon"]], [above]),
        make_node("Sqrt", [above], [deviation]),
        make_node("Div", [names["scale"], deviation], [factor]),
        make_node("Mul", [centred, factor], [scaled]),
        make_node("Add", [scaled, names["bias"]], [out]),
    ]


def _along_channels(numbers: NDArray[np.float32], rank: int) -> NDArray[np.float32]:
    return numbers.reshape(1, -1, *[1] * (rank - 2))


def _constant(graph: onnx.GraphProto, name: str, numbers: NDArray[np.generic]) -> str:
    graph.initializer.append(onnx.numpy_helper.from_array(np.ascontiguousarray(numbers), name))
    return name
