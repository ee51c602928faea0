"""Writing a network as a Python module: its layers with their real sizes, and one flat forward.

Two ways, the more readable one first. Symbolic tracing keeps the layers, so that the source shows
``nn.Conv2d(3, 9, 3, padding=1)``. Where it fails, the graph of `torch.export` does, which shows
single operators and bare weights.
"""

import copy
import inspect
import re
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn

from workbench.errors import ExportError
from workbench.export.source.calls import CannotWriteError, constructor_call
from workbench.export.source.names import attribute_names, identifier, variable_names
from workbench.export.source.tidying import tidy
from workbench.export.tracing import first_cause, quiet_torch, traced

_PLAIN_GLOBALS = {"torch", "device", "inf", "nan", "NoneType"}


@dataclass(frozen=True)
class SourceCode:
    """A network as source.

    Attributes:
        text: A Python module with a class and ``load``.
        tensors: What ``load`` reads, by the names of that class.
        layered: Whether it shows layers; otherwise operators.
    """

    text: str
    tensors: dict[str, Tensor]
    layered: bool


def source_code(
    module: nn.Module, example_input: Tensor, *, title: str, weights_file: str
) -> SourceCode:
    """Write a network as Python source that needs PyTorch and safetensors only.

    Args:
        module: In evaluation mode; left as it is.
        example_input: Shape ``(B, ...)``.
        title: What the module's docstring begins with.
        weights_file: Name of the file beside the source that ``load`` reads.

    Raises:
        ExportError: If neither way can write it; says why for both.
    """
    copied = copy.deepcopy(module).eval()
    reasons = []
    for layered, trace in ((True, _layers), (False, _operators)):
        try:
            graph, lines, tensors = trace(copied, example_input)
            forward = _forward(graph)
        except Exception as error:  # tracing runs foreign code, which raises anything
            reasons.append(first_cause(error))
            continue
        name = identifier(type(module).__name__, ("F", "Path", "load_file"))
        shape = ", ".join(map(str, example_input.shape[1:]))
        text = _TEMPLATE.format(
            title=title.replace("\\", "/").replace('"', "'"),
            shape=shape,
            name=name,
            functional=_FUNCTIONAL if any("F." in line for line in forward) else "",
            lines="\n".join(f"        {line}" for line in lines) or "        pass",
            forward="\n".join(f"        {line}" for line in forward),
            weights=weights_file,
        )
        return SourceCode(text, tensors, layered)
    raise ExportError(
        f"{type(module).__name__} cannot be written as Python source. By its layers: "
        f"{reasons[0]}. By its operators: {reasons[1]}. Export without 'python'."
    )


_Traced = tuple[fx.Graph, list[str], dict[str, Tensor]]


def _layers(module: nn.Module, example_input: Tensor) -> _Traced:
    """Layers as they are, everything else as calls of functions."""
    parameters = list(inspect.signature(module.forward).parameters.values())[1:]
    fixed = {one.name: one.default for one in parameters if one.default is not one.empty}
    graph = fx.Tracer().trace(module, concrete_args=fixed or None)
    graph.owning_module = module  # type: ignore[assignment]
    _without_identities(graph, module)
    graph.eliminate_dead_code()
    used = dict.fromkeys(
        str(node.target) for node in graph.nodes if node.op in ("call_module", "get_attr")
    )
    names = attribute_names(used)
    lines, tensors = [], {}
    for path, name in names.items():
        part = _at(module, path)
        if isinstance(part, nn.Module):
            lines.append(f"self.{name} = {constructor_call(part)}")
            for leaf, tensor in part.state_dict().items():
                tensors[f"{name}.{leaf}"] = tensor.detach().clone()
        else:
            lines.append(_declaration(module, name, part))
            tensors[name] = part.detach().clone()
    _rename_targets(graph, names)
    return graph, lines, tensors


def _operators(module: nn.Module, example_input: Tensor) -> _Traced:
    """Operators of ATen on bare weights."""
    with torch.no_grad(), quiet_torch():
        program: Any = traced(module, example_input).module(check_guards=False)
    graph = fx.Graph(owning_module=program)
    returned = graph.graph_copy(program.graph, {})
    graph.output(returned[0] if isinstance(returned, tuple | list) else returned)
    graph.set_codegen(fx.graph.CodeGen())  # a plain function, where export's packs its arguments
    graph.eliminate_dead_code()
    names = attribute_names(
        dict.fromkeys(str(node.target) for node in graph.nodes if node.op == "get_attr")
    )
    lines, tensors = [], {}
    for path, name in names.items():
        tensor = _at(program, path)
        lines.append(_declaration(program, name, tensor))
        tensors[name] = tensor.detach().clone()
    _rename_targets(graph, names)
    return graph, lines, tensors


def _declaration(module: nn.Module, name: str, tensor: Any) -> str:
    if not isinstance(tensor, Tensor):
        raise CannotWriteError(f"attribute {name!r} is a {type(tensor).__name__}, not a tensor")
    empty = f"torch.empty({tuple(tensor.shape)}, dtype={tensor.dtype})"
    if isinstance(tensor, nn.Parameter):
        return f"self.{name} = nn.Parameter({empty})"
    return f'self.register_buffer("{name}", {empty})'


def _at(module: nn.Module, path: str) -> Any:
    found: Any = module
    for part in path.split("."):
        found = getattr(found, part)
    return found


def _rename_targets(graph: fx.Graph, names: dict[str, str]) -> None:
    for node in graph.nodes:
        if node.op in ("call_module", "get_attr"):
            node.target = names[str(node.target)]


def _forward(graph: fx.Graph) -> list[str]:
    """Lines of a forward function, with short names."""
    given = [node for node in graph.nodes if node.op == "placeholder"]
    inputs = [node for node in given if node.users]
    if len(inputs) != 1:
        raise CannotWriteError(f"it must read 1 input, and reads {len(inputs)}")
    variables = variable_names(graph)
    nodes = list(graph.nodes)
    for place, node in enumerate(nodes):
        node._rename(f"value__{place}")
    code = graph.python_code("self")
    body = re.sub(r";\s+\w+(?: = \w+)* = None\b", "", code.src.split(":\n", 1)[1])
    foreign = (code.globals.keys() - _PLAIN_GLOBALS) & set(re.findall(r"\w+", body))
    if foreign:
        raise CannotWriteError(f"it calls {', '.join(sorted(foreign))}, which is not PyTorch's")
    arguments = {f"{node.name} = {node.target}" for node in given}  # a function has them already

    def variable(found: re.Match[str]) -> str:
        return variables[nodes[int(found[1])]]

    lines = [
        tidy(re.sub(r"\bvalue__(\d+)\b", variable, line))
        for line in map(str.strip, body.splitlines())
        if line and line not in arguments
    ]
    first = variables[inputs[0]]
    return ([] if first == "x" else [f"{first} = x"]) + lines


def _without_identities(graph: fx.Graph, module: nn.Module) -> None:
    for node in list(graph.nodes):
        if node.op == "call_module" and type(_at(module, str(node.target))) is nn.Identity:
            node.replace_all_uses_with(node.args[0])
            graph.erase_node(node)


_FUNCTIONAL = "import torch.nn.functional as F\n"

_TEMPLATE = '''"""{title}

    network = load()  # reads {weights} beside this file
    outputs = network(inputs)  # inputs: float32, shape (batch, {shape})
"""

from pathlib import Path

import torch
{functional}from safetensors.torch import load_file
from torch import nn


class {name}(nn.Module):
    """The pruned network, with the sizes that are left."""

    def __init__(self) -> None:
        super().__init__()
{lines}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
{forward}


def load(weights: str | Path = Path(__file__).with_name("{weights}")) -> {name}:
    """The network with its weights, in evaluation mode."""
    network = {name}()
    network.load_state_dict(load_file(weights))
    return network.eval()
'''
