"""Runs a traced graph on channel ids instead of numbers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from workbench.graph.comparison import Course
from workbench.graph.groups import Group
from workbench.graph.ids import ChannelIds, same_ids
from workbench.graph.reasons import (
    MODEL_OUTPUT,
    Reason,
    decided_by_values,
    no_rule,
    not_followed,
    nothing_to_work_on,
    stored_by_code,
)
from workbench.graph.residues import Residues
from workbench.graph.table import ParameterTable, ParameterView
from workbench.graph.tape import Operation, Ref, Tape, TensorSpec, refs
from workbench.progress import SILENT, Monitor


@dataclass(frozen=True)
class Constant:
    """A tensor that depends on no input and no parameter: masks, indices, shifts."""

    value: Tensor


@dataclass(frozen=True)
class Call:
    """One operator about to run: what a rule gets to see.

    Attributes:
        operation: The operator, as it ran.
        specs: Its results, with a `TensorSpec` for every tensor.
        args, kwargs: Id tensors, `ParameterView`, `Constant` and plain Python values.
    """

    operation: Operation
    specs: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    @property
    def operator(self) -> str:
        """Name without overload, such as ``"aten.conv2d"``."""
        return self.operation.name

    @property
    def place(self) -> str:
        """Path of the module it runs in."""
        return self.operation.place

    @property
    def several(self) -> int:
        """How many tensors its result is a sequence of; 0 for a single tensor."""
        return len(self.specs) if isinstance(self.specs, (list, tuple)) else 0

    def argument(self, position: int, name: str, default: Any = None) -> Any:
        """An argument by position or keyword, as ATen allows both."""
        if position < len(self.args):
            return self.args[position]
        return self.kwargs.get(name, default)

    @property
    def output_shape(self) -> torch.Size:
        """Shape of the operator's (first) result."""
        shape: torch.Size = (self.specs[0] if self.several else self.specs).shape
        return shape

    def blank(self) -> Any:
        """The operator's result with nothing in it that can be removed."""
        return pytree.tree_map_only(TensorSpec, no_channels, self.specs)


Rule = Callable[["Interpreter", Call], Any]


class Interpreter:
    """The state of one run: ids handed out, and the table of parameters they met."""

    def __init__(self, module: nn.Module, rules: dict[str, Rule]) -> None:
        self.ids = ChannelIds()
        self.residues = Residues(self.ids)
        self.table = ParameterTable(self.ids)
        self.refused: dict[str, Reason] = {}
        """By module path, why the weights of a layer could not be followed."""
        self.scaled_queries: list[Tensor] = []
        """Ids of queries, (heads, width), where the width sets the scale of the attention."""
        self.courses: list[Course] = []
        """Every tape that was run, with the ids of its tensors."""
        self.parts = dict(module.named_modules())
        self._rules = rules
        self._tensors = dict(module.named_parameters()) | dict(module.named_buffers())
        self._first_name = first_names(module)
        self._parameter_names = {name for name, _ in module.named_parameters()}
        self.queries: dict[int, Tensor] = {}
        """Ids of the first factor, (..., width), by the number of a product over its width."""
        self._tape: Tape
        self._values: dict[int, Any] = {}

    def run(self, tape: Tape, monitor: Monitor = SILENT) -> None:
        """Run every operator. A second tape of the same module adds to what the first one found.

        Raises:
            Cancelled: If the monitor says so; it is asked before every operator.
        """
        self._tape = tape
        self._values = {number: self._parameter(name) for number, name in tape.parameters.items()}
        for number, held in tape.constants.items():
            self._values[number] = Constant(held.detach().cpu().clone())
        self.queries = {}
        self.courses.append(Course(tape, self._values, self.queries))
        for done, operation in enumerate(tape.operations):
            monitor.report(done, len(tape.operations), "analysing channels")
            self._perform(operation)
        self._pin_all([self._value(number) for number in tape.outputs], MODEL_OUTPUT)
        for seen in tape.exposed:
            self._pin_all(self._value(seen.number), decided_by_values(seen.operator, seen.line))

    def removed(self, groups: Sequence[Group], kept: Mapping[str, np.ndarray]) -> np.ndarray:
        """By id, whether it goes when groups keep only these channels, shape ``(count + 1,)``.

        Args:
            groups: As they were built from what was found here.
            kept: By group name, bool per channel.
        """
        classes = self.ids.classes()
        gone = np.zeros(len(classes), bool)
        for group in groups:
            for member in group.members:
                along = self.table.dimensions[member.parameter, member.dim].numpy()
                gone[classes[along[member.indices[~kept[group.name]]]]] = True
        return np.asarray(gone[classes])

    def as_ids(self, value: Tensor | ParameterView | Constant) -> Tensor:
        """Ids of any operand: those it carries, those of a parameter's elements, or none."""
        if isinstance(value, ParameterView):
            return self.table.element_ids(value)
        if isinstance(value, Constant):
            return torch.zeros((), dtype=torch.int64).expand(value.value.shape)
        return value

    def value_of(self, item: ParameterView | Constant) -> Tensor:
        """The numbers of a constant, or of a parameter or buffer used as an index."""
        if isinstance(item, Constant):
            return item.value
        stored = self._tensors[item.name].detach()
        view = item.view
        return stored.as_strided(view.shape, view.stride(), view.storage_offset())

    def view_of(self, source: ParameterView, moved: Tensor) -> ParameterView | None:
        """`moved` as a view of the same parameter, or None if it is a copy."""
        shares = moved.untyped_storage()._cdata == source.view.untyped_storage()._cdata
        return ParameterView(source.name, moved, source.shape) if shares else None

    def pin_inputs(self, call: Call, reason: Reason) -> None:
        """Pin every id among an operator's inputs; remember whose weights they are."""
        self._pin_all((call.args, call.kwargs), reason)
        for value in pytree.tree_leaves((call.args, call.kwargs)):
            if isinstance(value, ParameterView):
                self.refused.setdefault(value.name.rpartition(".")[0], reason)

    def _pin_all(self, values: Any, reason: Reason) -> None:
        for value in pytree.tree_leaves(values):
            if isinstance(value, Tensor):
                self.ids.pin(value, reason)
            elif isinstance(value, ParameterView) and value.name in self.table.elements:
                self.ids.pin(self.table.element_ids(value), reason)

    def _parameter(self, name: str) -> ParameterView:
        name = self._first_name[name]
        shape = self._tensors[name].shape
        return ParameterView(name, torch.empty(shape, device="meta"), shape)

    def _value(self, number: int) -> Any:
        """What a tensor of the tape holds; nothing that can be removed if it came from outside."""
        if number not in self._values:
            self._values[number] = no_channels(self._tape.specs[number])
        return self._values[number]

    def _perform(self, operation: Operation) -> None:
        args, kwargs = pytree.tree_map_only(
            Ref, lambda ref: self._value(ref.number), (operation.args, operation.kwargs)
        )
        specs = pytree.tree_map_only(
            Ref, lambda ref: self._tape.specs[ref.number], operation.results
        )
        call = Call(operation, specs, args, kwargs)
        found = self._outcome(call)
        changed = operation.changed
        for ref, value in zip(refs(operation.results), _tensors_of(found), strict=True):
            if ref.number not in changed:
                self._values[ref.number] = value
            elif not isinstance(value, Constant):
                self._write(call, ref.number, value)

    def _outcome(self, call: Call) -> Any:
        leaves = pytree.tree_leaves((call.args, call.kwargs))
        if not any(isinstance(leaf, Tensor | ParameterView) for leaf in leaves):
            return _compute(call)
        rule = self._rules.get(call.operator)
        if rule is None:
            self.pin_inputs(call, no_rule(call.operator, call.place))
            return call.blank()
        try:
            return rule(self, call)
        except (RuntimeError, TypeError, IndexError, ValueError) as error:
            empty = any(isinstance(leaf, Tensor) and not leaf.numel() for leaf in leaves)
            reason = not_followed(call.operator, call.place, error)
            self.pin_inputs(call, nothing_to_work_on(call.place) if empty else reason)
            return call.blank()

    def _write(self, call: Call, number: int, value: Tensor | ParameterView) -> None:
        """Let a tensor, and whatever shares memory with it, hold `value` from now on."""
        old = self._value(number)
        if isinstance(old, ParameterView):
            if old.name in self._parameter_names:
                self.pin_inputs(call, stored_by_code(call.operator, call.place))
            return
        new, held = self.as_ids(value), self.as_ids(old)
        if same_ids(new, held):
            return
        spec = self._tape.specs[number]
        sharing = [
            other
            for other, of in self._tape.specs.items()
            if of.storage == spec.storage
            and of.storage_size == spec.storage_size
            and other in self._values
        ]
        whole = torch.zeros(spec.storage_size, dtype=torch.int64)
        for other in sharing:
            self._tape.specs[other].view(whole).copy_(self.as_ids(self._values[other]))
        spec.view(whole).copy_(new)
        for other in sharing:
            self._values[other] = self._tape.specs[other].view(whole)


def _compute(call: Call) -> Any:
    """Run an operator on constants only, for real."""

    def plain(item: Any) -> Any:
        if isinstance(item, torch.device):
            return torch.device("cpu")
        return item.value if isinstance(item, Constant) else item

    args, kwargs = pytree.tree_map(plain, (call.args, call.kwargs))
    return pytree.tree_map_only(Tensor, Constant, call.operation.function(*args, **kwargs))


def _tensors_of(found: Any) -> list[Any]:
    """The tensors in what a rule returned."""
    held = (Tensor, ParameterView, Constant)
    leaves = pytree.tree_leaves(found, is_leaf=lambda item: isinstance(item, held))
    return [leaf for leaf in leaves if isinstance(leaf, held)]


def no_channels(spec: TensorSpec) -> Tensor:
    """Ids of a tensor in which nothing can be removed."""
    return torch.zeros((), dtype=torch.int64).expand(spec.shape)


def first_names(module: nn.Module) -> dict[str, str]:
    """By every name of a parameter or buffer, its first: a shared one has several."""
    tensors = [
        *module.named_parameters(remove_duplicate=False),
        *module.named_buffers(remove_duplicate=False),
    ]
    first: dict[int, str] = {}
    return {name: first.setdefault(id(tensor), name) for name, tensor in tensors}
