"""Operators that act on every element, or along axes that they name."""

from workbench.onnx_graph.axes import Axes, Indices, is_cut
from workbench.onnx_graph.edits import Edit
from workbench.onnx_graph.view import NodeView

SAME_SHAPE = frozenset(
    "Abs Acos Asin Atan BitShift Cast Ceil Celu Cos Dropout Elu Erf Exp Floor Gelu HardSigmoid "
    "HardSwish Identity IsInf IsNaN LeakyRelu Log Mish Neg Not Reciprocal Relu Round Selu Sigmoid "
    "Sign Sin Softplus Softsign Sqrt Swish Tan Tanh ThresholdedRelu Clip".split()
)
BROADCAST = frozenset(
    "Add And Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min Mod Mul Or Pow PRelu "
    "Sub Sum Where Xor".split()
)
POOLS = frozenset(
    "AveragePool GlobalAveragePool GlobalLpPool GlobalMaxPool LpPool MaxPool Resize".split()
)
REDUCTIONS = frozenset(
    "ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd "
    "ReduceSum ReduceSumSquare".split()
)


def same_shape(view: NodeView) -> Edit:
    """One value in, the same shape out; further inputs are single numbers."""
    return Edit((view.axes(0),) * len(view.node.output))


def broadcast(view: NodeView) -> Edit:
    """Operands meet element by element; constants among them follow the others."""
    rank = len(view.output_shape())
    slots = [slot for slot in range(len(view.inputs)) if view.has(slot)]
    out: list[Indices | None] = []
    for axis in range(rank):
        out.append(_meeting(view, slots, axis - rank))
    slices = {}
    for slot in slots:
        if view.is_constant(slot):
            own = _along(view, slot, tuple(out))
            if is_cut(own):
                slices[slot] = own
    return Edit((tuple(out),), slices=slices)


def _meeting(view: NodeView, slots: list[int], axis: int) -> Indices | None:
    """What is left along an axis, counted from the last; computed operands decide."""
    found: list[Indices | None] = []
    named: list[Indices | None] = []
    for slot in slots:
        shape = view.shape(slot)
        if len(shape) < -axis or shape[axis] == 1:
            continue
        (named if view.is_constant(slot) else found).append(view.axes(slot)[axis])
    for left in found:
        view.agree(found[0], left, "operands")
    if found:
        return found[0]
    return next((left for left in named if left is not None), None)


def _along(view: NodeView, slot: int, out: Axes) -> Axes:
    shape = view.shape(slot)
    aligned = out[len(out) - len(shape) :] if shape else ()
    return tuple(None if size == 1 else left for size, left in zip(shape, aligned, strict=True))


def pool(view: NodeView) -> Edit:
    """Batch and channels stay, positions are pooled or resized."""
    axes = view.axes(0)
    if is_cut(axes[2:]):
        raise view.refuse("positions are missing in its input")
    if view.node.op_type == "Resize" and axes[1] is not None:
        if not (view.has(3) or view.has(2)):
            raise view.refuse("neither scales nor sizes are given")
        if view.has(3):
            return Edit((axes,), sizes={3: {1: len(axes[1])}})
    return Edit((axes,) * len(view.node.output))


def reduction(view: NodeView) -> Edit:
    """Some axes are reduced; along a cut one the result is another number."""
    axes = view.axes(0)
    reduced = _reduced(view, len(axes))
    keeps = bool(view.attribute("keepdims", 1))
    out = tuple(
        None if axis in reduced else left
        for axis, left in enumerate(axes)
        if keeps or axis not in reduced
    )
    return Edit((out,), mixes=any(axes[axis] is not None for axis in reduced))


def _reduced(view: NodeView, rank: int) -> set[int]:
    named = view.attribute("axes")
    if named is None and view.has(1):
        named = view.constant(1).ravel().tolist()
    if not named:
        return set() if view.attribute("noop_with_empty_axes", 0) else set(range(rank))
    return {axis % rank for axis in named}


def normalized_axis(view: NodeView) -> Edit:
    """Softmax and its kin: the shape stays, numbers mix along one axis."""
    axes = view.axes(0)
    axis = view.attribute("axis", -1) % len(axes)
    return Edit((axes,), mixes=axes[axis] is not None)


def shape_of(view: NodeView) -> Edit:
    """The sizes themselves: those of the cut value, by construction."""
    return Edit(((None,),), mixes=is_cut(view.axes(0)))


def channelwise_norm(view: NodeView) -> Edit:
    """Batch and instance norm: every channel on its own, its numbers beside it."""
    axes = view.axes(0)
    slices = {}
    for slot in range(1, len(view.inputs)):
        if axes[1] is not None and view.is_constant(slot):
            slices[slot] = (axes[1],)
        elif not view.is_constant(slot):
            view.agree(view.axes(slot)[0], axes[1], "channels and their numbers")
    return Edit((axes,) * len(view.node.output), mixes=is_cut(axes[2:]), slices=slices)


def layer_norm(view: NodeView) -> Edit:
    """Statistics across the last axes: what is left of them is normalised alone."""
    axes = view.axes(0)
    first = view.attribute("axis", -1) % len(axes)
    across = axes[first:]
    slices = {
        slot: across[len(across) - len(view.shape(slot)) :]
        for slot in range(1, len(view.inputs))
        if view.has(slot) and is_cut(across)
    }
    outputs = [axes]
    for _ in view.node.output[1:]:
        outputs.append((*axes[:first], *(None for _ in across)))
    return Edit(tuple(outputs), mixes=is_cut(across), slices=slices)
