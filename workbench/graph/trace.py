"""From a module to a flat graph of ATen operators with parameter names."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.export.graph_signature import InputKind
from torch.fx import Node

from workbench.errors import ModelError


@dataclass(frozen=True)
class Trace:
    """A traced forward pass.

    Attributes:
        nodes: The operators, in order.
        tensors: For placeholders that are parameters or buffers: node name to tensor name.
        constants: For placeholders that are constants of the code: node name to value.
    """

    nodes: tuple[Node, ...]
    tensors: dict[str, str]
    constants: dict[str, Tensor]


def trace(module: nn.Module, example_input: Tensor) -> Trace:
    """Trace `module` in evaluation mode on `example_input`, shape ``(B, ...)``.

    Raises:
        ModelError: If the module cannot be exported, with the exporter's own words.
    """
    try:
        with torch.no_grad():
            program = torch.export.export(module, (example_input,), strict=False)
    except Exception as error:
        raise ModelError(
            f"{type(module).__name__} cannot be traced: {_first_line(error)}. The channel "
            "analysis needs a forward pass without data-dependent Python control flow; weight "
            "granularity works without it."
        ) from error
    tensors, constants = {}, {}
    for spec in program.graph_signature.input_specs:
        name = getattr(spec.arg, "name", "")
        if spec.kind in (InputKind.PARAMETER, InputKind.BUFFER):
            tensors[name] = str(spec.target)
        elif spec.kind is InputKind.CONSTANT_TENSOR:
            constants[name] = program.constants[str(spec.target)]
    return Trace(tuple(program.graph.nodes), tensors, constants)


def place_of(node: Node) -> str:
    """Path of the module whose forward pass made `node`; empty for the model itself."""
    stack = node.meta.get("nn_module_stack")
    return list(stack.values())[-1][0] if stack else ""


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else 'no message'}"
