"""An ONNX model, indexed: who makes and who reads a value, its shape, and what the weights are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from torch import Tensor, nn

from workbench.onnx_graph.axes import Axes, KeptByName, Shape, alike
from workbench.onnx_graph.errors import CutError
from workbench.onnx_graph.shapes import inferred, shapes_by_batch

Array = NDArray[Any]


@dataclass(frozen=True)
class Source:
    """Where a weight of the graph comes from: a parameter, its axes in this order."""

    parameter: str
    order: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class OnnxGraph:
    """The graph of a module, and which of its weights is which parameter.

    Attributes:
        proto: The ONNX model; treated as read-only.
        sources: By weight of the graph, the parameters that it may be: one, unless several hold
            the same numbers.
        shapes: By value, its sizes, and ``"batch"`` or such as ``"64*batch"`` where they grow with
            the batch; values of unknown rank are left out.
    """

    proto: onnx.ModelProto
    sources: Mapping[str, tuple[Source, ...]]
    shapes: Mapping[str, Shape] = field(repr=False)

    @classmethod
    def read(cls, data: bytes, module: nn.Module) -> "OnnxGraph":
        """Index an exported module.

        Args:
            data: The ONNX file, weights included.
            module: What it was exported from; only its tensors and their names matter.

        Raises:
            CutError: If `data` is no ONNX model.
        """
        proto, shapes = _parsed(data)
        return cls(proto, _sources(proto, tensors_of(module)), shapes)

    @classmethod
    def restored(cls, data: bytes, sources: Mapping[str, tuple[Source, ...]]) -> "OnnxGraph":
        """The same graph where the module is not at hand; `sources` is what `read` found.

        Raises:
            CutError: If `data` is no ONNX model.
        """
        proto, shapes = _parsed(data)
        return cls(proto, sources, shapes)

    @cached_property
    def nodes(self) -> tuple[onnx.NodeProto, ...]:
        """All nodes, each after those it reads from."""
        return tuple(self.proto.graph.node)

    @cached_property
    def weights(self) -> Mapping[str, onnx.TensorProto]:
        """Everything constant, by name: weights, and numbers such as sizes."""
        found = {tensor.name: tensor for tensor in self.proto.graph.initializer}
        for node in self.nodes:
            if node.op_type == "Constant" and node.attribute[0].name == "value":
                found[node.output[0]] = node.attribute[0].t
        return found

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs."""
        return tuple(value.name for value in self.proto.graph.input)

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs."""
        return tuple(value.name for value in self.proto.graph.output)

    @cached_property
    def maker(self) -> Mapping[str, int]:
        """By value, the position of the node that makes it."""
        return {name: place for place, node in enumerate(self.nodes) for name in node.output}

    @cached_property
    def types(self) -> Mapping[str, int]:
        """By value, the type of its elements, where it is known."""
        graph = self.proto.graph
        values = (*inferred(self.proto, 1), *graph.value_info, *graph.input, *graph.output)
        return {value.name: value.type.tensor_type.elem_type for value in values}

    def constant(self, name: str) -> Array | None:
        """The numbers of a constant; None for a value that is computed."""
        tensor = self.weights.get(name)
        return None if tensor is None else onnx.numpy_helper.to_array(tensor)

    def shape(self, name: str) -> Shape:
        """Sizes of a value.

        Raises:
            CutError: If they are unknown.
        """
        if name in self.shapes:
            return self.shapes[name]
        raise CutError(f"the shape of {name!r} must be known to cut it, and the graph has none.")

    def image_shape(self, name: str) -> tuple[int, ...]:
        """Sizes of a value for one image: all but the first, which is the batch.

        Raises:
            CutError: If they are unknown or free.
        """
        sizes = self.shape(name)[1:]
        fixed = tuple(size for size in sizes if isinstance(size, int))
        if len(fixed) < len(sizes):
            raise CutError(f"sizes of {name!r} must be fixed but for the batch, got {sizes}.")
        return fixed

    def named_axes(self, name: str, kept: KeptByName) -> Axes:
        """What `kept` leaves of a constant, by the parameters it comes from.

        Raises:
            CutError: If it may be one of several parameters, of which different slices are left.
        """
        rank = len(self.weights[name].dims)
        whole: Axes = (None,) * rank
        found = []
        for source in self.sources.get(name, ()):
            left = kept.get(source.parameter, {})
            found.append(tuple(left.get(dim) for dim in source.order) if left else whole)
        for other in found[1:]:
            if not all(alike(one, two) for one, two in zip(found[0], other, strict=True)):
                names = " and ".join(repr(s.parameter) for s in self.sources[name])
                raise CutError(
                    f"weight {name!r} of the graph may be any of the parameters {names}, which "
                    "hold the same numbers, but different slices of them are left."
                )
        return found[0] if found else whole

    def upstream(self, wanted: Iterable[str], given: frozenset[str]) -> tuple[int, ...]:
        """Positions of the nodes that make the values `wanted` of those `given`, in order."""
        open_names, seen = list(wanted), set[int]()
        while open_names:
            name = open_names.pop()
            place = self.maker.get(name)
            if name in given or place is None or place in seen:
                continue
            seen.add(place)
            open_names.extend(self.nodes[place].input)
        return tuple(sorted(seen))


def _parsed(data: bytes) -> tuple[onnx.ModelProto, Mapping[str, Shape]]:
    try:
        proto = onnx.load_from_string(data)
        return proto, shapes_by_batch(proto)
    except Exception as error:  # protobuf and the shape inference raise types of their own
        raise CutError(
            f"a graph to cut must be a complete ONNX model, got {len(data):,} bytes that "
            f"cannot be read: {error}. Export the module again."
        ) from error


def _sources(
    proto: onnx.ModelProto, parameters: Mapping[str, Tensor]
) -> dict[str, tuple[Source, ...]]:
    """Weights keep the names of their parameters, unless the exporter turned them round."""
    sources: dict[str, tuple[Source, ...]] = {}
    unnamed = []
    first_names: dict[int, str] = {}  # a tied parameter has several names, and counts by the first
    for name, named in parameters.items():
        first_names.setdefault(id(named), name)
    for tensor in proto.graph.initializer:
        parameter = parameters.get(tensor.name)
        if parameter is not None and tuple(parameter.shape) == tuple(tensor.dims):
            order = tuple(range(parameter.dim()))
            sources[tensor.name] = (Source(first_names[id(parameter)], order),)
        elif len(tensor.dims) == 2 and tensor.data_type != onnx.TensorProto.INT64:
            unnamed.append(tensor)
    if not unnamed:
        return sources
    turned: dict[tuple[tuple[int, ...], bytes], list[str]] = {}
    wanted = {tuple(tensor.dims) for tensor in unnamed}
    for parameter in parameters.values():
        if parameter.dim() == 2 and tuple(parameter.shape)[::-1] in wanted:
            array = parameter.detach().cpu().numpy().T
            names = turned.setdefault((array.shape, _digest(array)), [])
            if (first := first_names[id(parameter)]) not in names:
                names.append(first)
    for tensor in unnamed:
        array = onnx.numpy_helper.to_array(tensor)
        names = turned.get((array.shape, _digest(array)), [])
        sources[tensor.name] = tuple(Source(name, (1, 0)) for name in names)
    return sources


def tensors_of(module: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers of a module by name; tied ones under each of their names."""
    return {
        **dict(module.named_parameters(remove_duplicate=False)),
        **dict(module.named_buffers(remove_duplicate=False)),
    }


def _digest(array: Array) -> bytes:
    return blake2b(np.ascontiguousarray(array).tobytes(), digest_size=16).digest()
