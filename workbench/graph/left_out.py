"""Layers that no group reaches: they are listed too, with the reason."""

from collections.abc import Mapping

from torch import nn
from torch.nn.utils import parametrize

from workbench.graph.groups import ChannelGraph, Group
from workbench.graph.reasons import Reason, computed_weight, not_reached, used_directly
from workbench.graph.table import ParameterTable
from workbench.layers import WEIGHTED

_LAYERS = (*WEIGHTED, nn.Embedding, nn.Bilinear, nn.RNNBase, nn.RNNCellBase)
_WIDTHS = ("out_channels", "out_features", "hidden_size")


def left_out(
    module: nn.Module, graph: ChannelGraph, refused: Mapping[str, Reason], table: ParameterTable
) -> tuple[Group, ...]:
    """A group, not prunable and without members, for every layer that the graph does not reach.

    Args:
        module: The whole network.
        graph: What was found.
        refused: By module path, why its weights could not be followed.
        table: Which parameters the trace met.
    """
    parameters = dict(module.named_parameters())
    buffers = dict(module.named_buffers())
    members = {member.parameter for group in graph.groups for member in group.members}
    reached = {id(parameters.get(name, buffers.get(name))) for name in members}
    found = []
    for path, part in module.named_modules():
        if "parametrizations" in path.split("."):
            continue
        own = dict(part.named_parameters(recurse=False))
        weights = [tensor for tensor in own.values() if tensor.dim() > 1]
        computed = parametrize.is_parametrized(part, "weight")
        listed = path in refused or isinstance(part, _LAYERS)
        if not listed or not (weights or computed):
            continue
        if any(id(tensor) in reached for tensor in own.values()):
            continue
        if computed:
            reason = computed_weight(path)
        elif any(f"{path}.{name}".lstrip(".") in table.elements for name in own):
            reason = refused.get(path, used_directly(path))
        else:
            reason = refused.get(path, not_reached())
        found.append(Group(path, _width(part, weights), (path,), (), str(reason)))
    return tuple(found)


def _width(part: nn.Module, weights: list[nn.Parameter]) -> int:
    widths = [getattr(part, name) for name in _WIDTHS if hasattr(part, name)]
    return int(widths[0]) if widths else len(weights[0])
