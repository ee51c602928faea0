"""Writes down the operators of one forward pass."""

import weakref
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch._ops import OpOverload
from torch._subclasses.fake_tensor import FakeTensor
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from workbench.graph.source_lines import running_line
from workbench.graph.tape import (
    SIZED_BY_VALUES,
    TELLS_VALUES,
    Answer,
    Exposed,
    Hollow,
    Operation,
    Ref,
    Tape,
    TensorSpec,
    operator_name,
    refs,
)


@dataclass
class _Frame:
    """A module whose forward pass is under way.

    Attributes:
        path: Of the module.
        decision: What told its code a value, and where; None as long as nothing did.
    """

    path: str
    decision: tuple[str, str] | None = None


class Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Runs a module once and keeps a tape.

    Code that learns a value may do anything with the tensors it can see, then and later, and what
    it does was seen for one input only. So those are noted: all that exist at that moment, and
    whatever the deciding module's own code touches from then on. Modules it calls remain closed:
    inside, nothing depends on the decision.

    Args:
        module: A copy that may be given hooks.
        with_values: Whether it runs on data; then every outcome is kept as well.
    """

    def __init__(self, module: nn.Module, *, with_values: bool = False) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._module, self._with_values = module, with_values
        self._operations: list[Operation] = []
        self._specs: dict[int, TensorSpec] = {}
        self._tensors: dict[int, weakref.ref[Tensor]] = {}
        self._numbers: dict[int, int] = {}
        self._parameters: dict[int, str] = {}
        self._constants: dict[int, Tensor] = {}
        self._fixed: set[int] = set()
        self._shaped_by_values: set[int] = set()
        self._exposed: dict[int, Exposed] = {}
        self._answers: list[Answer] = []
        self._frames: list[_Frame] = []
        for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
            self._parameters[self._number(tensor)] = name
        for path, part in module.named_modules():
            part.register_forward_pre_hook(self._enter(path), with_kwargs=True)
            part.register_forward_hook(self._leave, with_kwargs=True)

    def record(self, inputs: Tensor) -> Tape:
        """Run the module on `inputs` and return the tape."""
        number = self._number(inputs)
        with self:
            output = self._module(inputs)
        return Tape(
            tuple(self._operations),
            self._specs,
            self._parameters,
            self._constants,
            (number,),
            tuple(ref.number for ref in refs(self._referred(output))),
            tuple(self._exposed.values()),
            tuple(self._answers),
        )

    def __torch_dispatch__(
        self,
        func: OpOverload,
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        refs_of_args, refs_of_kwargs = pytree.tree_map_only(Tensor, self._given, (args, kwargs))
        result = func(*args, **kwargs)
        frame = self._frames[-1] if self._frames else _Frame("")
        results = self._referred(result)
        place = frame.path or running_line()
        operation = Operation(func, refs_of_args, refs_of_kwargs, results, place)
        numbers = {ref.number for ref in refs((refs_of_args, refs_of_kwargs))}
        if self._with_values:
            self._answers.append(Answer(func, pytree.tree_map_only(Tensor, Hollow.of, result)))
        made = {ref.number for ref in refs(operation.results)}
        sized = _sized_by_values(func, args)
        if (sized or operation.name in TELLS_VALUES) and not numbers <= self._fixed:
            self._decide(frame, (operation.name, running_line()))
        if sized or numbers & self._shaped_by_values:
            self._shaped_by_values |= made - set(operation.changed)
        if not made:
            return result
        if numbers <= self._fixed:
            self._fixed |= made
        if frame.decision:
            self._expose(numbers | made, frame.decision)
        self._operations.append(operation)
        return result

    def _number(self, tensor: Tensor) -> int:
        """The number of a tensor as it is now; a new one for what was not seen before."""
        known = self._numbers.get(id(tensor))
        if known is not None and self._tensors[known]() is tensor:
            spec = self._specs[known]
            if spec.shape == tensor.shape and spec.strides == tensor.stride():
                return known
        number = len(self._specs)
        self._numbers[id(tensor)] = number
        self._tensors[number] = weakref.ref(tensor)
        self._specs[number] = TensorSpec.of(tensor)
        return number

    def _referred(self, tree: Any) -> Any:
        return pytree.tree_map_only(Tensor, self._ref, tree)

    def _ref(self, tensor: Tensor) -> Ref:
        return Ref(self._number(tensor))

    def _given(self, tensor: Tensor) -> Ref:
        """A tensor that an operator takes: one never seen before the code holds itself."""
        before = len(self._specs)
        number = self._number(tensor)
        held = tensor.constant if isinstance(tensor, FakeTensor) else tensor
        if number == before and held is not None and not held.is_meta:
            self._constants[number] = held
            self._fixed.add(number)
        return Ref(number)

    def _enter(self, path: str) -> Any:
        def hook(part: nn.Module, args: Any, kwargs: Any) -> None:
            self._frames.append(_Frame(path))

        return hook

    def _leave(self, part: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        frame = self._frames.pop()
        outside = self._frames[-1] if self._frames else None
        touched = {ref.number for ref in refs(self._referred((args, kwargs, output)))}
        if frame.decision:
            self._expose(touched, frame.decision)
            told = any(isinstance(leaf, (int, float)) for leaf in pytree.tree_leaves(output))
            returned = {ref.number for ref in refs(self._referred(output))}
            if outside and (told or returned & self._shaped_by_values):
                self._decide(outside, frame.decision)
        if outside and outside.decision:
            self._expose(touched, outside.decision)

    def _decide(self, frame: _Frame, decision: tuple[str, str]) -> None:
        frame.decision = frame.decision or decision
        alive = {number for number, tensor in self._tensors.items() if tensor() is not None}
        self._expose(alive, decision)

    def _expose(self, numbers: set[int], decision: tuple[str, str]) -> None:
        for number in numbers - self._parameters.keys() - self._exposed.keys():
            self._exposed[number] = Exposed(number, *decision)


def _sized_by_values(function: OpOverload, args: tuple[Any, ...]) -> bool:
    """Whether the size of an operator's result tells something about values."""
    if operator_name(function) in SIZED_BY_VALUES:
        return True
    if torch.Tag.dynamic_output_shape not in function.tags:
        return False
    masks = [leaf for leaf in pytree.tree_leaves(args[1:]) if isinstance(leaf, Tensor)]
    indexing = operator_name(function) == "aten.index"
    return not indexing or any(mask.dtype in {torch.bool, torch.uint8} for mask in masks)
