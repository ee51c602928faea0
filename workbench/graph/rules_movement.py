"""Rules for data movement: executed as it is on the ids, with what splitting channels couples."""

from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from workbench.graph.ids import ANY_CHANNEL, has_channel, narrow_expanded, varies
from workbench.graph.interpreter import Call, Constant, Interpreter, Rule
from workbench.graph.reasons import Reason, fixed_positions, split_in_parts
from workbench.graph.table import ParameterView

FREE = """
flatten permute transpose t squeeze unsqueeze expand expand_as unbind stack
flip repeat movedim moveaxis swapaxes swapdims numpy_T mT broadcast_to tile ravel
""".split()
"""Movement that keeps whole channels together whatever their number."""

SPLITTING = "view reshape unflatten view_as reshape_as _unsafe_view".split()
"""Movement that may cut a dimension into parts of one length."""

FIXED = "roll index index_select repeat_interleave unfold select_scatter rot90".split()
"""Movement by positions that the code fixes."""


def move(run: Interpreter, call: Call) -> Any:
    """Execute the operator on the ids, or on a view of a parameter."""
    sources = [item for item in _leaves(call) if isinstance(item, Tensor | ParameterView)]
    if len(sources) == 1 and isinstance(sources[0], ParameterView):
        moved = _move_parameter(run, call, sources[0])
        if moved is not None:
            return moved
    return _execute(run, call)


def split_view(run: Interpreter, call: Call) -> Any:
    """A view that cuts a dimension of channels keeps equally many in each part.

    The parts are the leading length of the cut: places of one number in all parts go together.
    """
    source = call.args[0]
    if isinstance(source, Tensor):
        result = source.reshape(call.output_shape)
        reason = split_in_parts(call.operator, call.place)
        for start, stop, target in _cut_dimensions(tuple(source.shape), tuple(result.shape)):
            long = [dim for dim in range(start, stop) if source.shape[dim] > 1]
            if len(long) == 1 and len(target) > 1 and varies(source, long[0]):
                tie_parts(run, result, target[:-1], reason)
        return result
    return move(run, call)


def split_equally(run: Interpreter, call: Call) -> Any:
    """Splitting a dimension of channels into equal parts keeps equally many in each."""
    parts = move(run, call)
    dim = call.argument(2, "dim", 0)
    ids = [part for part in parts if isinstance(part, Tensor)]
    if len(ids) < 2 or len(ids) != len(parts):
        return parts
    source = run.as_ids(call.args[0])
    if not _counts_channels(source, dim % source.dim()):
        return parts
    reason = split_in_parts(call.operator, call.place)
    if len({part.shape for part in ids}) > 1:
        run.ids.pin(source, fixed_positions(call.operator, call.place))
        return parts
    for part in ids[1:]:
        run.ids.unite(ids[0], part, reason)
    return parts


def slice_dimension(run: Interpreter, call: Call) -> Any:
    """A slice of channels: an equal part of them, every n-th, or fixed positions."""
    moved = move(run, call)
    source = call.args[0]
    if not isinstance(source, Tensor) or not isinstance(moved, Tensor):
        return moved
    dim = call.argument(1, "dim", 0) % source.dim()
    length = source.shape[dim]
    if moved.shape[dim] == length or not _counts_channels(source, dim):
        return moved
    start = min(max(call.argument(2, "start") or 0, -length), length) % (length + 1)
    step = call.argument(4, "step", 1)
    size = moved.shape[dim]
    if step > 1 and length % step == 0 and size * step == length:
        parts = source.unflatten(dim, (size, step))  # type: ignore[no-untyped-call]
        tie_parts(run, parts, (dim + 1,), split_in_parts(call.operator, call.place))
    elif step == 1 and length % size == 0 and start % size == 0:
        parts = source.unflatten(dim, (length // size, size))  # type: ignore[no-untyped-call]
        tie_parts(run, parts, (dim,), split_in_parts(call.operator, call.place))
    else:
        run.ids.pin(source, fixed_positions(call.operator, call.place))
    return moved


def select_position(run: Interpreter, call: Call) -> Any:
    """One position of a dimension: if that is a channel of several, its number is fixed."""
    moved = move(run, call)
    source = call.args[0]
    if isinstance(source, Tensor):
        dim = call.args[1] % source.dim()
        if _counts_channels(source, dim):
            run.ids.pin(source, fixed_positions(call.operator, call.place))
    return moved


def move_by_position(run: Interpreter, call: Call) -> Any:
    """Movement by fixed positions: channels along a dimension that is reordered are pinned."""
    source = call.args[0]
    if call.operator == "aten.repeat_interleave" and isinstance(call.args[1], int):
        return move(run, call)
    touched = _touched_dimensions(call, source) if isinstance(source, Tensor) else ()
    reordered = any(varies(source, dim) for dim in touched)
    if call.operator == "aten.roll" and touched and not reordered:
        return source
    moved = move(run, call)
    if reordered and isinstance(moved, Tensor):
        run.ids.pin(source, fixed_positions(call.operator, call.place))
    return moved


def concatenate(run: Interpreter, call: Call) -> Any:
    """Concatenation; along dimensions in which no part varies, one place stands for all."""
    parts = [run.as_ids(part) for part in call.args[0]]
    parts = [part for part in parts if part.numel() or part.dim() > 1]  # PyTorch skips empty ones
    dim = call.argument(1, "dim", 0) % parts[0].dim()
    narrow = narrow_expanded(*parts, keep=dim)
    return torch.cat(narrow, dim).expand(call.output_shape)


def gate(run: Interpreter, call: Call) -> Any:
    """A gated linear unit: the second half of the channels gates the first."""
    ids = run.as_ids(call.args[0])
    dim = call.argument(1, "dim", -1) % ids.dim()
    value, gates = ids.chunk(2, dim)
    run.ids.unite(value, gates, split_in_parts(call.operator, call.place))
    return value


def overwrite(run: Interpreter, call: Call) -> Any:
    """Values copied into a tensor, or into a part of one."""
    return run.as_ids(call.args[1]).expand(call.output_shape)


def _touched_dimensions(call: Call, source: Tensor) -> tuple[int, ...]:
    everything = tuple(range(source.dim()))
    if call.operator == "aten.index":
        return tuple(dim for dim, index in enumerate(call.args[1]) if index is not None)
    if call.operator == "aten.roll":
        dims = call.argument(2, "dims", ()) or everything
        return tuple(dim % source.dim() for dim in dims)
    if call.operator == "aten.index_select":
        return (call.args[1] % source.dim(),)
    return everything


def tie_parts(run: Interpreter, ids: Tensor, dims: tuple[int, ...], reason: Reason) -> None:
    """Unite along these dimensions: what lies at one place of all parts goes together."""
    first = ids
    for dim in dims:
        first = first.narrow(dim, 0, 1)
    run.ids.unite(ids, first.expand_as(ids), reason)


def _counts_channels(ids: Tensor, dim: int) -> bool:
    """Whether a dimension gets shorter when channels go: every place is one channel.

    Tokens of different origin differ in their ids too, but each has channels of its own.
    """
    return varies(ids, dim) and not any(
        varies(ids, other) for other in range(ids.dim()) if other != dim
    )


def _cut_dimensions(
    before: tuple[int, ...], after: tuple[int, ...]
) -> list[tuple[int, int, tuple[int, ...]]]:
    """Match the dimensions of a reshape: (first source, past the last source, target dims)."""
    matches = []
    i = j = 0
    while i < len(before) and j < len(after):
        start, first = i, j
        left, right = before[i], after[j]
        i, j = i + 1, j + 1
        while left != right:
            if left < right:
                left, i = left * before[i], i + 1
            else:
                right, j = right * after[j], j + 1
        matches.append((start, i, tuple(range(first, j))))
    return matches


def _move_parameter(run: Interpreter, call: Call, source: ParameterView) -> Any:
    if any(isinstance(item, Constant) for item in _leaves(call)):
        return None
    args, kwargs = _replace(call, lambda item: item.view if item is source else item)
    results = call.operation.function(*args, **kwargs)
    views = pytree.tree_map(lambda moved: run.view_of(source, moved), results)
    return None if any(view is None for view in pytree.tree_leaves(views)) else views


def _execute(run: Interpreter, call: Call) -> Any:
    def ids_of(item: Any) -> Any:
        return run.as_ids(item) if isinstance(item, ParameterView | Constant) else item

    def value_of(item: Any) -> Any:
        return run.value_of(item) if isinstance(item, ParameterView | Constant) else item

    if call.operator in {"aten.index", "aten.index_select"}:
        indices = pytree.tree_map(value_of, call.args[1:])
        return call.operation.function(ids_of(call.args[0]), *indices)
    args, kwargs = _replace(call, ids_of)
    return call.operation.function(*args, **kwargs)


def stretch(run: Interpreter, call: Call) -> Any:
    """Expanding: one value that is no channel stands for as many as are asked for."""
    moved = move(run, call)
    if isinstance(moved, ParameterView):
        return moved
    source = run.as_ids(call.args[0])
    missing = moved.dim() - source.dim()
    longer = any(
        moved.shape[dim] > 1 and (dim < missing or source.shape[dim - missing] == 1)
        for dim in range(moved.dim())
    )
    if not longer or has_channel(source):
        return moved
    return torch.full((), ANY_CHANNEL).expand(moved.shape)


def _leaves(call: Call) -> list[Any]:
    return list(pytree.tree_leaves((call.args, call.kwargs)))


def _replace(call: Call, change: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    args, kwargs = pytree.tree_map(change, (call.args, call.kwargs))
    return args, kwargs


def movement_rules() -> dict[str, Rule]:
    """Rules by operator name."""
    rules: dict[str, Rule] = {f"aten.{name}": move for name in FREE}
    rules |= {f"aten.{name}": split_view for name in SPLITTING}
    rules |= {f"aten.{name}": move_by_position for name in FIXED}
    rules |= {f"aten.{name}": split_equally for name in ("split", "split_with_sizes", "chunk")}
    rules |= {f"aten.{name}": stretch for name in ("expand", "expand_as", "broadcast_to")}
    rules |= {"aten.slice": slice_dimension, "aten.narrow": slice_dimension}
    rules |= {f"aten.{name}": concatenate for name in ("cat", "concat", "concatenate")}
    rules |= {"aten.copy": overwrite}
    return rules | {"aten.select": select_position, "aten.glu": gate}
