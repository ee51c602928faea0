"""Layers that no group reaches: they are listed too, with the reason."""

from collections.abc import Mapping

from torch import nn

from workbench.graph.groups import ChannelGraph, Group
from workbench.graph.reasons import Reason, not_reached
from workbench.layers import WEIGHTED

_LAYERS = (*WEIGHTED, nn.Embedding, nn.Bilinear, nn.RNNBase, nn.RNNCellBase)


def left_out(
    module: nn.Module, graph: ChannelGraph, refused: Mapping[str, Reason]
) -> tuple[Group, ...]:
    """A group, not prunable and without members, for every layer that the graph does not reach.

    Args:
        module: The whole network.
        graph: What was found.
        refused: By module path, why its weights could not be followed.
    """
    reached = {member.layer for group in graph.groups for member in group.members}
    found = []
    for path, part in module.named_modules():
        weights = [p for p in part.parameters(recurse=False) if p.dim() > 1]
        listed = path in refused or isinstance(part, _LAYERS)
        if weights and listed and path not in reached:
            size = int(getattr(part, "hidden_size", len(weights[0])))
            reason = refused.get(path, not_reached())
            found.append(Group(path, size, (path,), (), str(reason)))
    return tuple(found)
