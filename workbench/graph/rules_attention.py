"""Rules for products of activations: matrix products, einsum and attention."""

import math
from typing import Any

from torch import Tensor

from workbench.graph.ids import has_channel, varies
from workbench.graph.interpreter import Call, Interpreter, Rule
from workbench.graph.reasons import Reason, mixes_channels, sums_residues

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def product(run: Interpreter, call: Call, operands: list[Tensor], equation: str) -> Tensor:
    """A sum of products, as `torch.einsum` writes it, of one or two operands.

    Channels along a dimension that is summed over meet: they go together, and the sum is no
    channel. Otherwise the channels of an operand are carried to the result.
    """
    inputs, output = equation.split("->")
    letters = inputs.split(",")
    sizes = {
        letter: length
        for ids, of in zip(operands, letters, strict=True)
        for letter, length in zip(of, ids.shape, strict=True)
        if length > 1
    }
    order = output + "".join(sorted(set("".join(letters)) - set(output)))
    aligned = [_align(ids, of, order, sizes) for ids, of in zip(operands, letters, strict=True)]
    reason = mixes_channels(call.operator, call.place)
    summed = [number for number, letter in enumerate(order) if letter not in output]
    if any(varies(ids, dim) for ids in aligned for dim in summed):
        for ids in aligned[1:]:
            run.ids.unite(aligned[0], ids, reason)
        _refuse_residues(run, call, aligned)
        _note_query(run, call, aligned[0], summed)
        blank: Tensor = call.blank()
        return blank
    carrying = [ids for ids in aligned if has_channel(ids)]
    for ids in carrying[1:]:
        run.ids.unite(carrying[0], ids, reason)
    result = carrying[0] if carrying else aligned[0]
    for dim in sorted(summed, reverse=True):
        result = result.select(dim, 0)
    return result.expand(call.output_shape)


def _refuse_residues(run: Interpreter, call: Call, factors: list[Tensor]) -> None:
    """Pin channels that add to a sum of products although they are masked."""
    if all(bool(run.residues.marked(ids).any()) for ids in factors):
        for ids in factors:
            run.ids.pin(ids, sums_residues(call.operator, call.place))


def _note_query(run: Interpreter, call: Call, first: Tensor, summed: list[int]) -> None:
    """Remember what a product sums over, for a factor that depends on how wide that is."""
    if len(summed) == 1:
        run.queries[call.operation.results.number] = first.movedim(summed[0], -1)


def _align(ids: Tensor, letters: str, order: str, sizes: dict[str, int]) -> Tensor:
    """Bring an operand's ids to the dimensions `order`, stretched where it has none."""
    present = [letter for letter in order if letter in letters]
    moved = ids.permute([letters.index(letter) for letter in present])
    for place, letter in enumerate(order):
        if letter not in letters:
            moved = moved.unsqueeze(place)
    moved = moved.expand([sizes.get(letter, 1) for letter in order])
    return _flattened_where_uniform(moved)


def _flattened_where_uniform(ids: Tensor) -> Tensor:
    """The same ids, with stride 0 along every dimension they do not vary along."""
    narrow = ids
    for dim in range(ids.dim()):
        if not varies(narrow, dim):
            narrow = narrow.narrow(dim, 0, 1)
    return narrow.expand(ids.shape)


def matrix_product(run: Interpreter, call: Call) -> Any:
    """``a (..., m, k) @ b (..., k, n)``."""
    first, second = run.as_ids(call.args[0]), run.as_ids(call.args[1])
    if first.dim() < 2 or second.dim() < 2:
        run.pin_inputs(call, mixes_channels(call.operator, call.place))
        return call.blank()
    count = max(first.dim(), second.dim()) - 2
    batch = _LETTERS[:count]
    left = batch[count - (first.dim() - 2) :] + "xy"
    right = batch[count - (second.dim() - 2) :] + "yz"
    return product(run, call, [first, second], f"{left},{right}->{batch}xz")


def einsum(run: Interpreter, call: Call) -> Any:
    """``einsum(equation, operands)`` with a written-out result and no repeated letter."""
    equation, operands = call.args[0].replace(" ", ""), [run.as_ids(x) for x in call.args[1]]
    inputs = equation.split("->")[0].split(",")
    plain = "->" in equation and "." not in equation
    if not plain or any(len(set(letters)) != len(letters) for letters in inputs):
        run.pin_inputs(call, mixes_channels(call.operator, call.place))
        return call.blank()
    return product(run, call, operands, equation)


def attention(run: Interpreter, call: Call) -> Any:
    """``scaled_dot_product_attention(q, k, v)``, each ``(..., tokens, width)``.

    A width of q and k goes together; the widths of v are carried to the result. A scale that
    depends on how many widths there are is noted, for the queries to make up for it.
    """
    query, key, value = (run.as_ids(item) for item in call.args[:3])
    reason = mixes_channels(call.operator, call.place)
    if query.shape[:-2] == key.shape[:-2]:
        _unite_widths(run, query, key, reason)
        if call.argument(6, "scale") is None:
            run.scaled_queries.append(query.select(-2, 0).reshape(-1, query.shape[-1]))
    elif math.prod(query.shape[:-2]) % math.prod(key.shape[:-2]) == 0:
        _unite_grouped(run, call, query, key, reason)
        if call.argument(6, "scale") is None:
            run.scaled_queries.append(query.select(-2, 0).reshape(-1, query.shape[-1]))
    else:
        run.pin_inputs(call, reason)
    _refuse_residues(run, call, [query, key])
    if value.shape[:-2] != call.output_shape[:-2]:
        heads = call.output_shape[-3] // value.shape[-3]
        value = value.repeat_interleave(heads, -3)
    first = value.narrow(-2, 0, 1)
    run.ids.unite(value, first.expand_as(value), reason)
    return first.expand(call.output_shape)


def _unite_grouped(
    run: Interpreter, call: Call, query: Tensor, key: Tensor, reason: Reason
) -> None:
    """Grouped queries: several heads of q share one of k."""
    shared = key.repeat_interleave(query.shape[-3] // key.shape[-3], -3)
    _unite_widths(run, query, shared, reason)


def _unite_widths(run: Interpreter, first: Tensor, second: Tensor, reason: Reason) -> None:
    """Unite two operands ``(..., m, k)`` and ``(..., n, k)`` along k, for all m and n."""
    one, other = first.narrow(-2, 0, 1), second.narrow(-2, 0, 1)
    run.ids.unite(first, one.expand_as(first), reason)
    run.ids.unite(second, other.expand_as(second), reason)
    run.ids.unite(one, other, reason)


def attention_rules() -> dict[str, Rule]:
    """Rules by operator name."""
    return {
        "aten.matmul": matrix_product,
        "aten.mm": matrix_product,
        "aten.bmm": matrix_product,
        "aten.einsum": einsum,
        "aten.scaled_dot_product_attention": attention,
    }
