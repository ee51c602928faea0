"""What a trace is made of: operators, the tensors between them, and where those come from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.utils import _pytree as pytree

TELLS_VALUES = frozenset(
    """
    aten.item aten._local_scalar_dense aten.is_nonzero aten.equal aten.allclose
    aten.resolve_conj aten.resolve_neg
    """.split()
)
"""Operators that tell the code a number or a truth value; the last two begin ``.tolist()``."""

SIZED_BY_VALUES = frozenset("aten.nonzero aten.nonzero_numpy aten.argwhere".split())
"""Operators whose result is as large as values say, beside those that PyTorch marks."""


def operator_name(function: OpOverload) -> str:
    """``aten.add`` for ``aten.add_.Tensor``: overload and in-place mark dropped."""
    space, _, name = function._schema.name.partition("::")
    return f"{space}.{name.rstrip('_')}"


@dataclass(frozen=True)
class Ref:
    """Stands for a tensor of the trace, by its number."""

    number: int


@dataclass(frozen=True)
class TensorSpec:
    """Shape of a tensor, and which part of which storage it shows.

    Attributes:
        shape, strides, offset: In elements.
        storage: Equal for tensors that share memory.
        storage_size: Elements of the storage.
    """

    shape: torch.Size
    strides: tuple[int, ...]
    offset: int
    storage: int
    storage_size: int

    @classmethod
    def of(cls, tensor: Tensor) -> "TensorSpec":
        """Describe a tensor."""
        storage = tensor.untyped_storage()
        return cls(
            tensor.shape,
            tensor.stride(),
            int(tensor.storage_offset()),
            storage._cdata,
            storage.nbytes() // tensor.element_size(),
        )

    def view(self, whole: Tensor) -> Tensor:
        """The part this tensor shows of `whole`, shape ``(storage_size,)``."""
        return whole.as_strided(self.shape, self.strides, self.offset)


@dataclass(frozen=True)
class Operation:
    """One operator that ran.

    Attributes:
        function: The ATen operator.
        args, kwargs: With a `Ref` for every tensor.
        results: With a `Ref` for every tensor; one that changed an argument gives that again.
        place: Path of the module whose forward pass ran it; for the model itself, the line.
    """

    function: OpOverload
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    results: Any
    place: str

    @property
    def name(self) -> str:
        """``aten.add`` for ``aten.add_.Tensor``: overload and in-place mark dropped."""
        return operator_name(self.function)

    @property
    def changed(self) -> tuple[int, ...]:
        """Numbers of the tensors that it wrote to."""
        written = []
        for position, argument in enumerate(self.function._schema.arguments):
            if argument.alias_info is not None and argument.alias_info.is_write:
                given = self.kwargs.get(argument.name)
                if given is None and position < len(self.args):
                    given = self.args[position]
                written += [ref.number for ref in refs(given)]
        return tuple(written)


@dataclass(frozen=True)
class Exposed:
    """A tensor that code can see which decides by values: it may do anything with it.

    Attributes:
        number: The tensor.
        operator: What told the code a value.
        line: The line that asked.
    """

    number: int
    operator: str
    line: str


@dataclass(frozen=True)
class Hollow:
    """What a tensor was, without its numbers."""

    shape: torch.Size
    dtype: torch.dtype
    device: torch.device

    @classmethod
    def of(cls, tensor: Tensor) -> "Hollow":
        """Describe a tensor."""
        return cls(tensor.shape, tensor.dtype, tensor.device)

    def tensor(self) -> Tensor:
        """A new tensor of that description, its numbers undefined."""
        return torch.empty(self.shape, dtype=self.dtype, device=self.device)


@dataclass(frozen=True)
class Answer:
    """What came of an operator that ran on data, with a `Hollow` for every tensor."""

    function: OpOverload
    value: Any


@dataclass(frozen=True)
class Tape:
    """A traced forward pass.

    Attributes:
        operations: In order.
        specs: By number, every tensor.
        parameters: By number: names of parameters and buffers.
        constants: By number: values that the code holds itself.
        inputs, outputs: Numbers.
        exposed: What decisions by values make visible to the code.
        answers: What came of every operator, in order, if it ran on data.
    """

    operations: tuple[Operation, ...]
    specs: Mapping[int, TensorSpec]
    parameters: Mapping[int, str]
    constants: Mapping[int, Tensor]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    exposed: tuple[Exposed, ...] = ()
    answers: tuple[Answer, ...] = ()

    @property
    def output_shapes(self) -> list[torch.Size]:
        """Shapes of the outputs."""
        return [self.specs[number].shape for number in self.outputs]


def refs(tree: Any) -> list[Ref]:
    """All tensors in a nest of arguments or results."""
    return [leaf for leaf in pytree.tree_leaves(tree) if isinstance(leaf, Ref)]
