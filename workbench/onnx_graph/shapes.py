"""Shapes of all values of a graph, and which of their sizes grow with the batch."""

import onnx

from workbench.onnx_graph.axes import Shape

BATCH = "batch"

_TWO_BATCHES = 89, 97  # primes, which no size of a network is likely to be a multiple of


def shapes_by_batch(proto: onnx.ModelProto) -> dict[str, Shape]:
    """Sizes by value, as inferred for two batch sizes: what differs, grows with the batch.

    A size that cannot be inferred is called ``"?"``.
    """
    first, second = (
        {value.name: _sizes(value) for value in inferred(proto, batch)} for batch in _TWO_BATCHES
    )
    shapes: dict[str, Shape] = {t.name: tuple(t.dims) for t in proto.graph.initializer}
    for name, sizes in first.items():
        other = second.get(name)
        if sizes is not None and other is not None and len(sizes) == len(other):
            shapes[name] = tuple(map(_size, sizes, other))
    return shapes


def per_image(size: int | str) -> int | None:
    """A size for a batch of one; None if it is not known."""
    if isinstance(size, int):
        return size
    factor, _, name = size.rpartition("*")
    if name != BATCH:
        return None
    return int(factor) if factor else 1


def _size(first: int | None, second: int | None) -> int | str:
    if first is None or second is None:
        return "?"
    if first == second:
        return first
    factor, rest = divmod(first, _TWO_BATCHES[0])
    if rest or factor * _TWO_BATCHES[1] != second:
        return "?"
    return BATCH if factor == 1 else f"{factor}*{BATCH}"


def _sizes(value: onnx.ValueInfoProto) -> list[int | None] | None:
    kind = value.type.tensor_type
    if not kind.HasField("shape"):
        return None
    return [d.dim_value if d.HasField("dim_value") else None for d in kind.shape.dim]


def inferred(proto: onnx.ModelProto, batch: int) -> tuple[onnx.ValueInfoProto, ...]:
    """All values, typed and shaped for a batch of this size.

    Weights stay behind: shape inference would copy them, and needs their shapes only.
    """
    light = onnx.ModelProto(ir_version=proto.ir_version, opset_import=proto.opset_import)
    graph = light.graph
    graph.name = "light"
    graph.node.extend(proto.graph.node)
    graph.input.extend(proto.graph.input)
    for value in graph.input:
        for dimension in value.type.tensor_type.shape.dim:
            if not dimension.HasField("dim_value"):
                dimension.dim_value = batch
    for tensor in proto.graph.initializer:
        if len(tensor.dims) <= 1 and tensor.data_type == onnx.TensorProto.INT64:
            graph.initializer.append(tensor)
        else:
            graph.input.append(
                onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
            )
    for value in proto.graph.output:
        kind = value.type.tensor_type
        graph.output.append(onnx.helper.make_tensor_value_info(value.name, kind.elem_type, None))
    light.functions.extend(proto.functions)
    found = onnx.shape_inference.infer_shapes(light, data_prop=True).graph
    return (*found.value_info, *found.input, *found.output)
