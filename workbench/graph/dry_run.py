"""Finds sizes that a forward pass hard-codes, by running the pruned model without data."""

import copy
import traceback
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from workbench.errors import InternalError
from workbench.graph.groups import ChannelGraph, Group
from workbench.graph.removal import remove_channels
from workbench.graph.structure import Structure, tensor_shapes

_NOT_THE_MODEL = (str(Path(torch.__file__).parent), str(Path(__file__).parent))
_REMOVED_SHARE = 3  # a third of the channels: seldom a size that happens to fit


def refuse_hard_coded_sizes(
    module: nn.Module, example_input: Tensor, graph: ChannelGraph
) -> ChannelGraph:
    """Mark the groups without which the forward pass no longer runs, or changes its output shape.

    All groups are tried at once, on the meta device; only if that fails are they halved until
    the culprits stand alone.
    """
    expected = _output_shapes(_meta_copy(module), example_input)

    def complaint(groups: tuple[Group, ...]) -> str:
        return _complaint(module, example_input, graph, groups, expected)

    refused: dict[str, str] = {}
    pending = [graph.prunable]
    while pending:
        groups = pending.pop()
        found = complaint(groups) if groups else ""
        if not found:
            continue
        if len(groups) == 1:
            refused[groups[0].name] = found
            continue
        middle = len(groups) // 2
        pending += [groups[:middle], groups[middle:]]
    graph = graph.refuse(refused)
    if refused and graph.prunable and (left := complaint(graph.prunable)):
        return graph.refuse({group.name: left for group in graph.prunable})
    return graph


def _complaint(
    module: nn.Module,
    example_input: Tensor,
    graph: ChannelGraph,
    groups: tuple[Group, ...],
    expected: list[torch.Size],
) -> str:
    kept = {}
    for group in groups:
        flags = np.ones(group.size, bool)
        flags[: max(1, group.size // _REMOVED_SHARE)] = False
        kept[group.name] = flags
    pruned = _meta_copy(module)
    remove_channels(pruned, Structure.of(graph, kept, tensor_shapes(module)))
    try:
        shapes = _output_shapes(pruned, example_input)
    except InternalError:
        raise
    except Exception as error:  # whatever the model's own code raises
        return f"its size is hard-coded{_line_of(error)}: {_first_line(error)}"
    if shapes != expected:
        return (
            "its size is hard-coded in the forward pass: without some of its channels the output "
            f"has shape {_text(shapes)} instead of {_text(expected)}"
        )
    return ""


def _meta_copy(module: nn.Module) -> nn.Module:
    memo: dict[int, object] = {}
    for parameter in module.parameters():
        empty = torch.empty_like(parameter, device="meta")
        memo[id(parameter)] = nn.Parameter(empty, requires_grad=False)
    for buffer in module.buffers():
        memo[id(buffer)] = torch.empty_like(buffer, device="meta")
    return copy.deepcopy(module, memo)


def _output_shapes(module: nn.Module, example_input: Tensor) -> list[torch.Size]:
    with torch.no_grad():
        output = module(torch.empty_like(example_input, device="meta"))
    return [leaf.shape for leaf in pytree.tree_leaves(output) if isinstance(leaf, Tensor)]


def _line_of(error: Exception) -> str:
    """The innermost line of the model's own code, if the error passed through any."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith(_NOT_THE_MODEL)]
    if not own:
        return ""
    return f" in line {own[-1].lineno} of {Path(own[-1].filename).name} ({own[-1].line})"


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _text(shapes: list[torch.Size]) -> str:
    return ", ".join(str(tuple(shape)) for shape in shapes)
