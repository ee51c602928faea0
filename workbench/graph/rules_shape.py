"""Rules for operators that move, combine or reduce values without weights of their own."""

from typing import Any

import torch
from torch import Tensor

from workbench.graph.ids import ANY_CHANNEL, narrow_expanded, varies
from workbench.graph.interpreter import Call, Constant, Interpreter, Rule
from workbench.graph.reasons import Reason, meets_constant, mixes_channels
from workbench.graph.table import ParameterView

UNARY = [
    "abs",
    "alias_copy",
    "clamp",
    "clamp_max",
    "clamp_min",
    "celu",
    "cos",
    "dropout",
    "elu",
    "exp",
    "feature_dropout",
    "gelu",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "leaky_relu",
    "log",
    "log_sigmoid",
    "mish",
    "neg",
    "pow",
    "reciprocal",
    "relu",
    "relu6",
    "round",
    "rrelu",
    "rsqrt",
    "selu",
    "sigmoid",
    "silu",
    "sin",
    "softplus",
    "sqrt",
    "square",
    "tanh",
    "to",
    "_to_copy",
    "type_as",
    "threshold",
    "contiguous",
    "clone",
    "detach",
    "alias",
    "lift_fresh_copy",
    "alpha_dropout",
    "native_dropout",
    "bernoulli",
    "isnan",
    "logical_not",
]
BINARY = [
    "add",
    "sub",
    "mul",
    "div",
    "maximum",
    "minimum",
    "where",
    "lerp",
    "atan2",
    "remainder",
    "fmod",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "logical_and",
    "logical_or",
    "addcmul",
    "addcdiv",
    "rsub",
    "masked_fill",
]
POOLING = [
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool2d",
    "max_pool2d_with_indices",
    "upsample_nearest1d",
    "upsample_nearest2d",
    "upsample_bilinear2d",
    "upsample_bicubic2d",
    "_upsample_bilinear2d_aa",
    "upsample_nearest3d",
    "upsample_trilinear3d",
    "lp_pool2d",
]
FRESH = """
new_zeros new_ones new_full new_empty zeros_like ones_like full_like empty_like rand_like randn_like
fill zero
""".split()
NORMS = ["norm", "linalg_vector_norm"]
REDUCTION = ["mean", "sum", "amax", "amin", "max", "min", "var", "std", "prod", "any", "all"]


def keep_ids(run: Interpreter, call: Call) -> Any:
    """An element-wise function of one tensor: every channel stays where it is."""
    source = call.args[0]
    return source if isinstance(source, ParameterView) else run.as_ids(source)


def unite_operands(run: Interpreter, call: Call) -> Tensor:
    """An element-wise function of several tensors: what meets at one place goes together."""
    operands = [
        run.as_ids(item)
        for item in (*call.args, *call.kwargs.values())
        if isinstance(item, Tensor | ParameterView | Constant)
    ]
    reason = meets_constant(call.operator, call.place)
    result = operands[0]
    for ids in operands[1:]:
        result = _combine(run, result, ids, reason)
    return result.expand(call.output_shape)


def _combine(run: Interpreter, first: Tensor, second: Tensor, reason: Reason) -> Tensor:
    """Unite two operands, broadcast against one another.

    A value stretched over several channels serves them all: they can go without it, but it
    cannot go itself.
    """
    shape = torch.broadcast_shapes(first.shape, second.shape)  # type: ignore[no-untyped-call]
    wide_first, wide_second = first.expand(shape), second.expand(shape)
    serves_several = varies(wide_first, *_stretched(second, shape))
    served_by_several = varies(wide_second, *_stretched(first, shape))
    if serves_several:
        run.ids.pin(second, reason)
    if served_by_several:
        run.ids.pin(first, reason)
    if serves_several and served_by_several:
        return torch.zeros((), dtype=torch.int64).expand(shape)
    if not serves_several and not served_by_several:
        run.ids.unite(wide_first, wide_second, reason)
    yields = served_by_several or bool((narrow_expanded(wide_first)[0] == ANY_CHANNEL).any())
    return wide_second if yields else wide_first


def _stretched(ids: Tensor, shape: torch.Size) -> tuple[int, ...]:
    missing = len(shape) - ids.dim()
    return tuple(
        dim
        for dim in range(len(shape))
        if shape[dim] > 1 and (dim < missing or ids.shape[dim - missing] == 1)
    )


def pool(run: Interpreter, call: Call) -> Any:
    """Pooling and resizing: channels stay, pixels of one channel are mixed."""
    ids = run.as_ids(call.args[0])
    shape = call.output_shape
    spatial = len(shape) - 2 if ids.dim() == len(shape) else 0
    keep = tuple(range(ids.dim() - spatial))
    along = run.ids.unite_along(ids, keep, mixes_channels(call.operator, call.place))
    result = along.reshape(*along.shape, *[1] * spatial).expand(shape)
    return [result] * call.several if call.several else result


def reduce(run: Interpreter, call: Call) -> Any:
    """Reductions: channels are carried along the dimensions that are kept."""
    dims = call.argument(1, "dim")
    if isinstance(dims, Tensor | ParameterView | Constant):
        return unite_operands(run, call)  # max and min of two tensors
    ids = run.as_ids(call.args[0])
    reduced = _positive(dims, ids.dim())
    if varies(ids, *reduced):
        run.pin_inputs(call, mixes_channels(call.operator, call.place))
        return call.blank()
    for dim in reduced:
        ids = ids.narrow(dim, 0, 1)
    result = ids.reshape(call.output_shape)
    return [result] * call.several if call.several else result


def _positive(dims: Any, count: int) -> tuple[int, ...]:
    if dims is None or dims == []:
        return tuple(range(count))
    listed = [dims] if isinstance(dims, int) else dims
    return tuple(dim % count for dim in listed)


def vector_norm(run: Interpreter, call: Call) -> Any:
    """A norm: across channels, removed ones, which are 0, do not count."""
    ids = run.as_ids(call.args[0])
    reduced = _positive(call.argument(2, "dim"), ids.dim())
    if varies(ids, *reduced):
        return call.blank()
    for dim in reduced:
        ids = ids.narrow(dim, 0, 1)
    return ids.reshape(call.output_shape)


def softmax(run: Interpreter, call: Call) -> Any:
    """Softmax keeps channels unless it normalises across them."""
    ids = run.as_ids(call.args[0])
    if varies(ids, call.args[1] % ids.dim()):
        run.pin_inputs(call, mixes_channels(call.operator, call.place))
        return call.blank()
    return ids


def fresh_values(run: Interpreter, call: Call) -> Any:
    """A new tensor that takes only its shape from its input."""
    return call.blank()


def shape_rules() -> dict[str, Rule]:
    """Rules by operator name."""
    rules: dict[str, Rule] = {f"aten.{name}": keep_ids for name in UNARY}
    rules |= {f"aten.{name}": unite_operands for name in BINARY}
    rules |= {f"aten.{name}": pool for name in POOLING}
    rules |= {f"aten.{name}": reduce for name in REDUCTION}
    rules |= {f"aten.{name}": fresh_values for name in FRESH}
    rules |= {f"aten.{name}": vector_norm for name in NORMS}
    return rules | {"aten.softmax": softmax, "aten.log_softmax": softmax}
