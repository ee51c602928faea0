"""Follows a pruned network operator by operator: does it do what removing channels has to do?

That its code runs and its output has the right shape proves little: a hard-coded head width cuts
the channels that are left into other heads, and a factor computed from a width is another number.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor
from torch._ops import OpOverload
from torch._subclasses.fake_tensor import FakeTensor
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes

from workbench.graph.ids import ANY_CHANNEL, has_channel, narrow_expanded
from workbench.graph.tape import TELLS_VALUES, Operation, Ref, Tape, operator_name, refs

TAKES_NUMBERS = frozenset(
    f"aten.{name}"
    for name in """
    add sub rsub mul div pow remainder fmod floor_divide clamp clamp_min clamp_max lerp
    addcmul addcdiv eq ne lt le gt ge maximum minimum where masked_fill
    full new_full full_like fill scalar_tensor arange linspace
    """.split()
)
"""Operators whose whole numbers are values too; elsewhere they are sizes, which may follow."""


SCALES = frozenset({"aten.mul", "aten.div"})


class Departure(RuntimeError):  # noqa: N818 - read as an answer, not a fault
    """A pruned network does something else than the dense one without those channels."""


class CourseDeparture(Departure):
    """A pruned network runs other operators."""


class NumberDeparture(Departure):
    """A pruned network computes with another number."""


@dataclass(frozen=True)
class Course:
    """What the dense network does, and which channels flow where.

    Attributes:
        tape: Its operators.
        values: Ids by tensor number; anything else is not compared.
        queries: Ids ``(..., width)`` of one factor, by the number of a product that sums over
            channels.
    """

    tape: Tape
    values: Mapping[int, Any]
    queries: Mapping[int, Tensor]

    def query(self, operation: Operation) -> Tensor | None:
        """Ids ``(..., width)`` of what a factor scales: a query, or its products with keys."""
        scaled = refs(operation.args)
        if operation.name not in SCALES or len(scaled) != 1:
            return None
        ids = self.queries.get(scaled[0].number, self.values.get(scaled[0].number))
        return ids if isinstance(ids, Tensor) and has_channel(ids) else None


class Comparison(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Raises `Departure` where the pruned network leaves the course.

    Args:
        course: Of the dense network.
        gone: By id, whether it was removed, shape ``(count + 1,)``.

    Attributes:
        done: How many operators were on the course.
        scaled: Ids ``(heads, width)`` of queries whose factor follows from how wide they are;
            it can be made up for.
    """

    def __init__(self, course: Course, gone: np.ndarray) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._course, self._gone = course, gone
        self.scaled: list[Tensor] = []
        self.done = 0
        self._ahead: Iterator[Operation] = (
            operation for operation in course.tape.operations if operation.name not in TELLS_VALUES
        )

    def __torch_dispatch__(
        self,
        func: OpOverload,
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        name = operator_name(func)
        found = [leaf for leaf in pytree.tree_leaves(result) if isinstance(leaf, Tensor)]
        if not found or name in TELLS_VALUES:
            return result
        operation = next(self._ahead, None)
        if operation is None or operation.name != name:
            dense = operation.name if operation else "nothing more"
            raise CourseDeparture(f"it runs {name} where the network as it is runs {dense}")
        with _disable_current_modes():  # ids are no stand-ins
            self._compare_numbers(operation, (args, kwargs))
            for ref, tensor in zip(refs(operation.results), found, strict=True):
                self._compare_shapes(operation, ref, tensor)
        self.done += 1
        return result

    def _compare_numbers(self, operation: Operation, given: Any) -> None:
        whole_too = operation.name in TAKES_NUMBERS
        dense = pytree.tree_leaves((operation.args, operation.kwargs))
        for expected, found in zip(dense, pytree.tree_leaves(given), strict=False):
            number, other = self._constant(expected), _plain(found)
            if not isinstance(number, float) and not (whole_too and isinstance(number, int)):
                continue
            if not isinstance(other, (int, float)) or math.isclose(number, other):
                continue
            if (query := self._scaled_query(operation, other / number if number else 0)) is None:
                raise NumberDeparture(f"{operation.name} takes {other:g} instead of {number:g}")
            self.scaled.append(query)

    def _scaled_query(self, operation: Operation, growth: float) -> Tensor | None:
        """The query that an operator divides by the square root of its width, if it does."""
        query = self._course.query(operation)
        if query is None:
            return None
        left = shape_without(query, self._gone)
        exponent = 0.5 if operation.name == "aten.div" else -0.5
        if left is None or not math.isclose(growth, (left[-1] / query.shape[-1]) ** exponent):
            return None
        return narrow_expanded(query, keep=query.dim() - 1)[0].reshape(-1, query.shape[-1])

    def _constant(self, leaf: Any) -> Any:
        if not isinstance(leaf, Ref):
            return leaf
        held = self._course.tape.constants.get(leaf.number)
        return None if held is None else _plain(held)

    def _compare_shapes(self, operation: Operation, ref: Ref, found: Tensor) -> None:
        ids = self._course.values.get(ref.number)
        expected = shape_without(ids, self._gone) if isinstance(ids, Tensor) else None
        if expected is not None and expected != tuple(found.shape):
            raise Departure(
                f"{operation.name} gives shape {tuple(found.shape)} instead of {expected}"
            )


def shape_without(ids: Tensor, gone: np.ndarray) -> tuple[int, ...] | None:
    """Shape of a tensor without some channels; None if its ids do not tell.

    Args:
        ids: Of the whole tensor.
        gone: By id, whether it is removed.
    """
    if not has_channel(ids):
        return None
    (compact,) = narrow_expanded(ids)
    held = compact.numpy()
    if (held == ANY_CHANNEL).any():
        return None
    left = ~gone[held]
    shape = list(ids.shape)
    for dim in range(left.ndim):
        others = tuple(other for other in range(left.ndim) if other != dim)
        if left.shape[dim] == shape[dim]:
            shape[dim] = int(left.any(axis=others).sum())
    return tuple(shape)


def _plain(leaf: Any) -> Any:
    """The number in a tensor that holds only one and whose value is known."""
    if not isinstance(leaf, Tensor):
        return leaf
    held = leaf.constant if isinstance(leaf, FakeTensor) else leaf
    if held is None or held.is_meta or held.numel() != 1 or held.is_complex():
        return None
    return float(held)
