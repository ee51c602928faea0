"""Convolutions and matrix products: what reads channels, and makes new ones."""

from workbench.onnx_graph.axes import Axes, Indices, is_cut
from workbench.onnx_graph.edits import Edit
from workbench.onnx_graph.view import NodeView, count_left


def convolution(view: NodeView) -> Edit:
    """Weight ``(C_out, C_in / groups, ...)``; depthwise filters go with their channels."""
    inputs, weight = view.axes(0), view.axes(1)
    _refuse_positions(view, inputs)
    groups = view.attribute("group", 1)
    outputs, depth = view.size(1, 0), view.size(1, 1)
    made = weight[0]
    attributes = {}
    if groups == 1:
        read, left_groups = inputs[1], 1
        view.follow(1, 1, read)
    else:
        read, left_groups = weight[1], groups
        if depth == 1:
            multiplier = outputs // groups
            left_groups, rest = divmod(count_left(made, outputs), multiplier)
            if rest:
                raise view.refuse("filters of one channel were not removed together")
        attributes = {"group": left_groups}
        channels = count_left(inputs[1], view.size(0, 1))
        if channels != count_left(read, depth) * left_groups:
            raise view.refuse(
                f"{channels} channels reach {left_groups} groups of {count_left(read, depth)}"
            )
    own: Axes = (made, read, *weight[2:])
    slices: dict[int, Axes] = {1: own} if is_cut(own) else {}
    if view.has(2) and made is not None:
        slices[2] = (made,)
    # A depthwise filter sees one channel alone: what is left of its output is a slice.
    mixes = inputs[1] is not None and not (groups > 1 and depth == 1)
    return Edit(((inputs[0], made, *inputs[2:]),), mixes, slices, attributes=attributes)


def transposed_convolution(view: NodeView) -> Edit:
    """Weight ``(C_in, C_out / groups, ...)``."""
    inputs, weight = view.axes(0), view.axes(1)
    _refuse_positions(view, inputs)
    if view.attribute("group", 1) != 1:
        raise view.refuse("it has groups")
    view.follow(1, 0, inputs[1])
    own: Axes = (inputs[1], weight[1], *weight[2:])
    slices: dict[int, Axes] = {1: own} if is_cut(own) else {}
    if view.has(2) and weight[1] is not None:
        slices[2] = (weight[1],)
    return Edit(((inputs[0], weight[1], *inputs[2:]),), inputs[1] is not None, slices)


def _refuse_positions(view: NodeView, inputs: Axes) -> None:
    if is_cut(inputs[2:]):
        raise view.refuse("positions are missing in its input")


def gemm(view: NodeView) -> Edit:
    """``A' B' + C``, each of A and B turned round or not."""
    turned = bool(view.attribute("transA", 0)), bool(view.attribute("transB", 0))
    first, second = view.axes(0), view.axes(1)
    rows, inner = (first[1], first[0]) if turned[0] else (first[0], first[1])
    columns = second[0] if turned[1] else second[1]
    slices: dict[int, Axes] = {}
    if view.is_constant(1):
        own = (columns, inner) if turned[1] else (inner, columns)
        view.follow(1, 1 if turned[1] else 0, inner)
        if is_cut(own):
            slices[1] = own
    else:
        view.agree(inner, second[1] if turned[1] else second[0], "factors")
    if view.has(2) and view.is_constant(2):
        shape = view.shape(2)
        if shape and shape[-1] != 1 and columns is not None:
            slices[2] = (*(None for _ in shape[:-1]), columns)
    return Edit(((rows, columns),), inner is not None, slices)


def matrix_product(view: NodeView) -> Edit:
    """Batches of matrices; a constant factor follows the computed one."""
    first, second = view.axes(0), view.axes(1)
    if min(len(first), len(second)) < 2:
        raise view.refuse("one of its factors is a vector")
    slices: dict[int, Axes] = {}
    inner: Indices | None = first[-1]
    if view.is_constant(1):
        view.follow(1, len(second) - 2, inner)
        second = (*second[:-2], inner, second[-1])
        if is_cut(second):
            slices[1] = second
    elif view.is_constant(0):
        view.follow(0, len(first) - 1, second[-2])
        inner = second[-2]
        first = (*first[:-1], inner)
        if is_cut(first):
            slices[0] = first
    else:
        view.agree(inner, second[-2], "factors")
    out = (*_batches(view, first, second), first[-2], second[-1])
    return Edit((out,), inner is not None, slices)


def _batches(view: NodeView, first: Axes, second: Axes) -> Axes:
    rank = max(len(first), len(second)) - 2
    out: list[Indices | None] = []
    for axis in range(-rank - 2, -2):
        found = [
            axes[axis]
            for slot, axes in enumerate((first, second))
            if len(axes) >= -axis and view.shape(slot)[axis] != 1
        ]
        for left in found:
            view.agree(found[0], left, "factors")
        out.append(found[0] if found else None)
    return tuple(out)
