"""Rules for products of activations: matrix products and attention."""

from typing import Any

import torch
from torch import Tensor

from workbench.graph.ids import narrow_expanded
from workbench.graph.interpreter import Call, Interpreter, Rule
from workbench.graph.reasons import Reason, mixes_channels, scaled_by_width


def matrix_product(run: Interpreter, call: Call) -> Any:
    """``a (..., m, k) @ b (..., k, n)``.

    Channels along k are summed over: the two that meet go together. Otherwise the channels of
    the one operand that has some are carried to the result.
    """
    first, second = run.as_ids(call.args[0]), run.as_ids(call.args[1])
    if first.dim() < 2 or second.dim() < 2:
        return _refuse(run, call)
    reason = mixes_channels(call.operator, call.place)
    if _varies(first, -1) or _varies(second, -2):
        _unite_contracted(run, first, second.transpose(-1, -2), reason)
        return call.blank()
    carried_first, carried_second = _any_channel(first), _any_channel(second)
    if carried_first and carried_second:
        return _refuse(run, call)
    if carried_first:
        return first.narrow(-1, 0, 1).expand(call.output_shape)
    return second.narrow(-2, 0, 1).expand(call.output_shape)


def attention(run: Interpreter, call: Call) -> Any:
    """``scaled_dot_product_attention(q, k, v)``, each ``(..., tokens, width)``.

    A width of q and k goes together, if the scale does not depend on how many there are; the
    widths of v are carried to the result.
    """
    query, key, value = (run.as_ids(item) for item in call.args[:3])
    reason = mixes_channels(call.operator, call.place)
    if call.argument(6, "scale") is None:
        for ids in (query, key):
            run.ids.pin(ids, scaled_by_width(call.place))
    elif query.shape[:-2] == key.shape[:-2]:
        _unite_contracted(run, query, key, reason)
    else:
        run.pin_inputs(call, reason)
    if value.shape[:-2] != call.output_shape[:-2]:
        run.ids.pin(value, reason)
        return call.blank()
    first = value.narrow(-2, 0, 1)
    run.ids.unite(value, first.expand_as(value), reason)
    return first.expand(call.output_shape)


def _unite_contracted(run: Interpreter, first: Tensor, second: Tensor, reason: Reason) -> None:
    """Unite two operands ``(..., m, k)`` and ``(..., n, k)`` along k, for all m and n."""
    one, other = first.narrow(-2, 0, 1), second.narrow(-2, 0, 1)
    run.ids.unite(first, one.expand_as(first), reason)
    run.ids.unite(second, other.expand_as(second), reason)
    shape = torch.broadcast_shapes(one.shape, other.shape)  # type: ignore[no-untyped-call]
    run.ids.unite(one.expand(shape), other.expand(shape), reason)


def _any_channel(ids: Tensor) -> bool:
    (compact,) = narrow_expanded(ids)
    return bool((compact != 0).any())


def _varies(ids: Tensor, dim: int) -> bool:
    (compact,) = narrow_expanded(ids)
    return bool((compact != compact.narrow(dim, 0, 1)).any())


def _refuse(run: Interpreter, call: Call) -> Any:
    run.pin_inputs(call, mixes_channels(call.operator, call.place))
    return call.blank()


def attention_rules() -> dict[str, Rule]:
    """Rules by operator name."""
    return {
        "aten.matmul": matrix_product,
        "aten.bmm": matrix_product,
        "aten.scaled_dot_product_attention": attention,
    }
