"""Operators that only move elements: they are carried out on what is left."""

from collections.abc import Sequence

import numpy as np

from workbench.onnx_graph.axes import (
    Axes,
    Indices,
    axes_of_block,
    block_flags,
    flags_of,
    is_cut,
    left_of,
)
from workbench.onnx_graph.edits import Edit
from workbench.onnx_graph.shapes import per_image
from workbench.onnx_graph.view import NodeView


def reshape(view: NodeView) -> Edit:
    """Follow every element; the result has to be a block again."""
    source, target = view.shape(0), view.output_shape()
    before, after = _numbers(view, source, target)
    axes = axes_of_block(block_flags(view.axes(0), before).reshape(after))
    if axes is None:
        raise view.refuse(f"what is left of shape {source} is no block in shape {target}")
    sizes = {axis: len(left) for axis, left in enumerate(axes) if left is not None}
    # An axis that was whole before and after keeps whatever the graph says, such as the batch.
    return Edit((axes,), sizes={1: sizes} if sizes else {})


def flatten(view: NodeView) -> Edit:
    """Two axes out of many; the operator has no sizes of its own."""
    before, after = _numbers(view, view.shape(0), view.output_shape())
    axes = axes_of_block(block_flags(view.axes(0), before).reshape(after))
    if axes is None:
        raise view.refuse(f"what is left of shape {view.shape(0)} is no block when flattened")
    return Edit((axes,))


def _numbers(
    view: NodeView, source: Sequence[int | str], target: Sequence[int | str]
) -> tuple[list[int], list[int]]:
    """Both shapes for a batch of one."""
    shapes = []
    for shape in (source, target):
        sizes = [per_image(size) for size in shape]
        shapes.append([size for size in sizes if size is not None])
        if len(shapes[-1]) < len(sizes):
            raise view.refuse(f"a size of shape {tuple(shape)} is not known")
    if np.prod(shapes[0]) != np.prod(shapes[1]):
        raise view.refuse(f"shapes {tuple(source)} and {tuple(target)} do not hold equally much")
    return shapes[0], shapes[1]


def transpose(view: NodeView) -> Edit:
    """Axes in another order."""
    axes = view.axes(0)
    order = view.attribute("perm") or tuple(reversed(range(len(axes))))
    return Edit((tuple(axes[axis] for axis in order),))


def squeeze(view: NodeView) -> Edit:
    """Axes of size 1 go; which, the shapes tell."""
    axes, rank = view.axes(0), len(view.axes(0))
    named = view.attribute("axes") or (view.constant(1).ravel().tolist() if view.has(1) else None)
    gone = (
        {axis % rank for axis in named}
        if named is not None
        else {axis for axis, size in enumerate(view.shape(0)) if size == 1}
    )
    return Edit((tuple(left for axis, left in enumerate(axes) if axis not in gone),))


def unsqueeze(view: NodeView) -> Edit:
    """New axes of size 1."""
    axes = list(view.axes(0))
    named = view.attribute("axes") or view.constant(1).ravel().tolist()
    rank = len(axes) + len(named)
    for axis in sorted(axis % rank for axis in named):
        axes.insert(axis, None)
    return Edit((tuple(axes),))


def expand(view: NodeView) -> Edit:
    """Axes of size 1 are repeated; the others keep what is left."""
    axes, out = view.axes(0), view.output_shape()
    own = (None,) * (len(out) - len(axes)) + tuple(axes)
    sizes = {axis: len(left) for axis, left in enumerate(own) if left is not None}
    slices = {0: axes} if view.is_constant(0) and is_cut(axes) else {}
    return Edit((own,), slices=slices, sizes={1: sizes} if sizes else {})


def concatenation(view: NodeView) -> Edit:
    """Parts side by side along one axis, equally cut along the others."""
    rank = len(view.output_shape())
    along = view.attribute("axis") % rank
    parts = [view.axes(slot) for slot in range(len(view.inputs))]
    computed = [axes for slot, axes in enumerate(parts) if not view.is_constant(slot)]
    across = computed[0] if computed else parts[0]
    slices = {}
    flags = []
    for slot, axes in enumerate(parts):
        own = tuple(axes[a] if a == along else across[a] for a in range(rank))
        for axis in range(rank):
            if axis != along and not view.is_constant(slot):
                view.agree(axes[axis], across[axis], "parts")
        if view.is_constant(slot) and is_cut(own):
            slices[slot] = own
        flags.append(own[along])
    joined = (
        left_of(np.concatenate([flags_of(f, view.size(s, along)) for s, f in enumerate(flags)]))
        if any(left is not None for left in flags)
        else None
    )
    out = tuple(joined if axis == along else across[axis] for axis in range(rank))
    return Edit((out,), slices=slices)


def split(view: NodeView) -> Edit:
    """Parts of one axis; their sizes follow what is left in each."""
    axes = view.axes(0)
    along = view.attribute("axis", 0) % len(axes)
    if axes[along] is None:
        return Edit((axes,) * len(view.node.output))
    sizes = [int(view.output_shape(place)[along]) for place in range(len(view.node.output))]
    flags = flags_of(axes[along], view.size(0, along))
    parts = np.split(flags, np.cumsum(sizes)[:-1])
    outputs = tuple(
        tuple(left_of(part) if axis == along else left for axis, left in enumerate(axes))
        for part in parts
    )
    left = np.array([int(part.sum()) for part in parts], np.int64)
    if not left.all():
        raise view.refuse("nothing is left of one of its parts")
    return Edit(outputs, constants={1: left})


def slicing(view: NodeView) -> Edit:
    """A range of some axes; along a cut one, the range of what is left."""
    axes = list(view.axes(0))
    starts, ends = view.constant(1).ravel(), view.constant(2).ravel()
    named = view.constant(3).ravel() if view.has(3) else np.arange(len(starts))
    steps = view.constant(4).ravel() if view.has(4) else np.ones(len(starts), np.int64)
    new_starts, new_ends = starts.copy(), ends.copy()
    for place, axis in enumerate(int(axis) % len(axes) for axis in named):
        left = axes[axis]
        if left is None:
            continue
        size = view.size(0, axis)
        start, stop, step = slice(int(starts[place]), int(ends[place]), int(steps[place])).indices(
            size
        )
        if step != 1:
            raise view.refuse(f"its step along a cut axis is {step}")
        chosen = np.arange(start, stop)
        axes[axis] = left_of(flags_of(left, size)[chosen])
        new_starts[place] = np.searchsorted(left, start)
        new_ends[place] = np.searchsorted(left, stop)
        if new_starts[place] == new_ends[place]:
            raise view.refuse("nothing is left of its range")
    return Edit((tuple(axes),), constants={1: new_starts, 2: new_ends})


def gather(view: NodeView) -> Edit:
    """Chosen positions of one axis; along a cut one, where those that are left lie now."""
    axes = view.axes(0)
    along = view.attribute("axis", 0) % len(axes)
    picked: Axes = (None,) * len(view.shape(1))
    constants = {}
    slices = {0: axes} if view.is_constant(0) and is_cut(axes) else {}
    if (left := axes[along]) is not None:
        if len(view.shape(1)) > 1:
            raise view.refuse("its positions are no list")
        size = view.size(0, along)
        wanted = view.constant(1) % size
        there = flags_of(left, size)[wanted]
        if not there.any():
            raise view.refuse("what it picks was removed")
        constants = {1: np.searchsorted(left, wanted[there] if wanted.ndim else wanted)}
        picked = (left_of(there),) if wanted.ndim else ()
    out = (*axes[:along], *picked, *axes[along + 1 :])
    return Edit((out,), slices=slices, constants=constants)


def padding(view: NodeView) -> Edit:
    """New positions before and after; new channels are never removed."""
    axes = view.axes(0)
    pads = view.constant(1).ravel()
    named = view.constant(3).ravel().tolist() if view.has(3) else list(range(len(axes)))
    out = list(axes)
    for place, axis in enumerate(axis % len(axes) for axis in named):
        left, before, after = axes[axis], int(pads[place]), int(pads[place + len(named)])
        if left is None or before == after == 0:
            continue
        if min(before, after) < 0 or view.attribute("mode", b"constant") != b"constant":
            raise view.refuse("it crops or mirrors a cut axis")
        inner = flags_of(left, view.size(0, axis))
        out[axis] = left_of(np.pad(inner, (before, after), constant_values=True))
    return Edit((tuple(out),))


def depth_to_space(view: NodeView) -> Edit:
    """Channels become positions; all that end up in one channel must be left or gone together."""
    axes = view.axes(0)
    if axes[1] is None:
        return Edit((axes,))
    block = view.attribute("blocksize") ** 2
    flags = flags_of(axes[1], view.size(0, 1))
    columns_first = view.attribute("mode", b"DCR") == b"CRD"
    together = flags.reshape(-1, block) if columns_first else flags.reshape(block, -1).T
    return Edit(((axes[0], _all_or_none(view, together), *axes[2:]),))


def space_to_depth(view: NodeView) -> Edit:
    """Positions become channels, block by block."""
    axes = view.axes(0)
    if axes[1] is None:
        return Edit((axes,))
    block = view.attribute("blocksize") ** 2
    flags = np.tile(flags_of(axes[1], view.size(0, 1)), block)
    return Edit(((axes[0], left_of(flags), *axes[2:]),))


def _all_or_none(view: NodeView, together: np.ndarray) -> Indices | None:
    if not np.array_equal(together.any(1), together.all(1)):
        raise view.refuse("channels that become one were not removed together")
    return left_of(np.asarray(together.any(1)))
