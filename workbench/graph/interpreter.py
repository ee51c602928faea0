"""Runs a traced graph on channel ids instead of numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.fx import Node
from torch.utils import _pytree as pytree

from workbench.graph.ids import ChannelIds
from workbench.graph.reasons import MODEL_OUTPUT, Reason, no_rule, not_followed
from workbench.graph.table import ParameterTable, ParameterView
from workbench.graph.trace import Trace, place_of
from workbench.progress import SILENT, Monitor


@dataclass(frozen=True)
class Constant:
    """A tensor that depends on no input and no parameter: masks, indices, shifts."""

    value: Tensor


@dataclass(frozen=True)
class Call:
    """One operator about to run: what a rule gets to see.

    Attributes:
        node: The graph node, for its meta data.
        operator: Name without overload, such as ``"aten.conv2d"``.
        place: Path of the module it runs in.
        args, kwargs: Id tensors, `ParameterView`, `Constant` and plain Python values.
    """

    node: Node
    operator: str
    place: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def argument(self, position: int, name: str, default: Any = None) -> Any:
        """An argument by position or keyword, as ATen allows both."""
        if position < len(self.args):
            return self.args[position]
        return self.kwargs.get(name, default)

    @property
    def output_shape(self) -> torch.Size:
        """Shape of the operator's (first) result."""
        value = self.node.meta["val"]
        return torch.Size((value[0] if isinstance(value, (list, tuple)) else value).shape)

    def blank(self) -> Any:
        """The operator's result with nothing in it that can be removed."""
        return pytree.tree_map(
            lambda value: (
                torch.zeros((), dtype=torch.int64).expand(value.shape)
                if isinstance(value, Tensor)
                else value
            ),
            self.node.meta["val"],
        )


Rule = Callable[["Interpreter", Call], Any]


class Interpreter:
    """The state of one run: ids handed out, and the table of parameters they met."""

    def __init__(self, module: nn.Module, rules: dict[str, Rule]) -> None:
        self.ids = ChannelIds()
        self.table = ParameterTable(self.ids)
        self.scaled_queries: list[Tensor] = []
        """Ids of queries, (heads, width), where the width sets the scale of the attention."""
        self._rules = rules
        self._tensors = dict(module.named_parameters()) | dict(module.named_buffers())
        self._first_name = first_names(module)
        self._values: dict[str, Any] = {}

    def run(self, trace: Trace, monitor: Monitor = SILENT) -> None:
        """Run every node. A second trace of the same module adds to what the first one found.

        Raises:
            Cancelled: If the monitor says so; it is asked before every node.
        """
        self._values = {}
        for number, node in enumerate(trace.nodes):
            monitor.report(number, len(trace.nodes), "analysing channels")
            if node.op == "placeholder":
                self._values[node.name] = self._placeholder(node, trace)
            elif node.op == "call_function":
                self._values[node.name] = self._call(node)
            elif node.op == "output":
                self._pin_all(self._resolve(node.args), MODEL_OUTPUT)

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
        """Pin every id among an operator's inputs."""
        self._pin_all((call.args, call.kwargs), reason)

    def _pin_all(self, values: Any, reason: Reason) -> None:
        for value in pytree.tree_leaves(values):
            if isinstance(value, Tensor):
                self.ids.pin(value, reason)
            elif isinstance(value, ParameterView) and value.name in self.table.elements:
                self.ids.pin(self.table.element_ids(value), reason)

    def _placeholder(self, node: Node, trace: Trace) -> Any:
        if node.name in trace.tensors:
            name = self._first_name[trace.tensors[node.name]]
            shape = self._tensors[name].shape
            return ParameterView(name, torch.empty(shape, device="meta"), shape)
        if node.name in trace.constants:
            return Constant(trace.constants[node.name])
        value = node.meta.get("val")
        if not isinstance(value, Tensor):
            return value
        return torch.zeros((), dtype=torch.int64).expand(value.shape)

    def _resolve(self, arguments: Any) -> Any:
        return pytree.tree_map(
            lambda item: self._values[item.name] if isinstance(item, Node) else item, arguments
        )

    def _call(self, node: Node) -> Any:
        operator = operator_name(node.target)
        call = Call(
            node, operator, place_of(node), self._resolve(node.args), self._resolve(node.kwargs)
        )
        leaves = pytree.tree_leaves((call.args, call.kwargs))
        if not any(isinstance(leaf, Tensor | ParameterView) for leaf in leaves):
            return self._compute(node, call)
        rule = self._rules.get(operator)
        if rule is None:
            self.pin_inputs(call, no_rule(operator, call.place))
            return call.blank()
        try:
            return rule(self, call)
        except (RuntimeError, TypeError, IndexError, ValueError) as error:
            self.pin_inputs(call, not_followed(operator, call.place, error))
            return call.blank()

    def _compute(self, node: Node, call: Call) -> Any:
        """Run an operator on constants only, for real."""
        plain = pytree.tree_map(
            lambda item: item.value if isinstance(item, Constant) else item,
            (call.args, call.kwargs),
            is_leaf=lambda item: isinstance(item, Constant),
        )
        assert callable(node.target)
        result = node.target(*plain[0], **plain[1])
        return pytree.tree_map(
            lambda item: Constant(item) if isinstance(item, Tensor) else item, result
        )


def first_names(module: nn.Module) -> dict[str, str]:
    """By every name of a parameter or buffer, its first: a shared one has several."""
    tensors = [
        *module.named_parameters(remove_duplicate=False),
        *module.named_buffers(remove_duplicate=False),
    ]
    first: dict[int, str] = {}
    return {name: first.setdefault(id(tensor), name) for name, tensor in tensors}


def operator_name(target: Any) -> str:
    """``aten.add`` for ``aten.add_.Tensor``: overload and in-place mark dropped."""
    name = str(target).split(".")
    if len(name) > 1 and name[0] == "aten":
        return f"aten.{name[1].rstrip('_')}"
    return str(getattr(target, "__name__", target))
