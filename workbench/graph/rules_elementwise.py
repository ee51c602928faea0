"""Rules for element-wise operators: channels that meet at one place go together."""

from typing import Any

import torch
from torch import Tensor

from workbench.graph.ids import ANY_CHANNEL, has_channel, narrow_expanded, varies
from workbench.graph.interpreter import Call, Constant, Interpreter, Rule
from workbench.graph.reasons import Reason, meets_constant
from workbench.graph.table import ParameterView

UNARY = [
    "abs",
    "alias_copy",
    "clamp",
    "clip",
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
    *"""
    acos acosh asin asinh atan atanh ceil cosh erf erfc exp2 expm1 feature_alpha_dropout floor
    frac hardshrink isfinite isinf log10 log1p log2 nan_to_num sgn sign sinh softshrink tan trunc
    """.split(),
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
COMPARISONS = frozenset("eq ne lt le gt ge logical_and logical_or".split())
NOT_ZERO_AT_ZERO = frozenset(
    """
    sigmoid hardsigmoid log_sigmoid softplus cos exp log rsqrt reciprocal logical_not
    acos acosh bernoulli cosh erfc exp2 isfinite log10 log2
    """.split()
)


def keep_ids(run: Interpreter, call: Call) -> Any:
    """An element-wise function of one tensor: every channel stays where it is."""
    source = call.args[0]
    if _lifts_zero(call):
        return run.residues.mark(run.as_ids(source))
    return source if isinstance(source, ParameterView) else run.as_ids(source)


def _lifts_zero(call: Call) -> bool:
    """Whether an element-wise function of one tensor makes something else of 0."""
    name = call.operator.partition(".")[2]
    if name in NOT_ZERO_AT_ZERO:
        return True
    if name == "pow":
        return not isinstance(call.args[1], (int, float)) or call.args[1] <= 0
    if name in {"clamp", "clip", "hardtanh"}:
        low, high = call.argument(1, "min", -1), call.argument(2, "max", 1)
        return not ((low is None or low <= 0) and (high is None or high >= 0))
    if name == "clamp_min":
        return bool(call.args[1] > 0)
    if name == "clamp_max":
        return bool(call.args[1] < 0)
    return name == "threshold" and call.args[1] >= 0 and call.args[2] != 0


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
    result = result.expand(call.output_shape)
    if call.operator == "aten.mul" and _has_masked_factor(run, operands, result):
        return run.residues.clear(result)
    return run.residues.mark(result) if _leaves_residue(run, call, operands, result) else result


def _has_masked_factor(run: Interpreter, factors: list[Tensor], result: Tensor) -> bool:
    """Whether a product is 0 for masked channels because one of its factors is."""
    return any(
        has_channel(ids)
        and not bool(run.residues.marked(ids).any())
        and not varies(result, *_stretched(ids, result.shape))
        for ids in factors
    )


def _leaves_residue(run: Interpreter, call: Call, operands: list[Tensor], result: Tensor) -> bool:
    """Whether combining masked channels, which are 0, gives something else than 0.

    A sum does if anything but masked channels is added.
    """
    name = call.operator.partition(".")[2]
    marked = [bool(run.residues.marked(ids).any()) for ids in operands]
    if name in {"mul", "div"}:
        return any(marked) if name == "mul" else marked[0]
    if name in COMPARISONS or any(marked):
        return True
    added = [item for item in (*call.args, *call.kwargs.values()) if isinstance(item, (int, float))]
    if name in {"add", "sub", "rsub"}:
        added = [item for item in call.args[1:2] if isinstance(item, (int, float))]
    others = any(
        not has_channel(ids) or varies(result, *_stretched(ids, result.shape)) for ids in operands
    )
    return any(added) or (others and name != "where")


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


def elementwise_rules() -> dict[str, Rule]:
    """Rules by operator name."""
    rules: dict[str, Rule] = {f"aten.{name}": keep_ids for name in UNARY}
    return rules | {f"aten.{name}": unite_operands for name in BINARY}
