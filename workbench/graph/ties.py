"""Projections whose width the code takes from the width of their input.

``qkv(x).reshape(batch, tokens, 3, heads, channels // heads)`` with the channels of ``x``: nothing
in the traced graph says that the projection and the model have one width. So where such a
projection cannot be pruned alone, its outputs are tied to its inputs, position by position.
"""

import torch
from torch import nn

from workbench.graph.groups import ChannelGraph
from workbench.graph.ids import ChannelIds
from workbench.graph.reasons import Reason
from workbench.graph.table import ParameterTable

_MOST_BLOCKS = 3
"""Query, key and value at most."""


def tie_widths(graph: ChannelGraph, ids: ChannelIds, table: ParameterTable) -> bool:
    """Tie the refused projections whose output is one to three times as wide as their input.

    Returns:
        Whether there were any.
    """
    refused = {layer for group in graph.groups if group.reason for layer in group.layers}
    found = False
    for (parameter, dim), produced in list(table.assigned().items()):
        consumed = table.assigned().get((parameter, 1))
        if dim != 0 or consumed is None or table.roles[parameter, 0] != "output":
            continue
        blocks, rest = divmod(len(produced), len(consumed))
        layer = parameter.rpartition(".")[0]
        if rest or not 1 <= blocks <= _MOST_BLOCKS or layer not in refused:
            continue
        wide = produced.reshape(blocks, -1)
        ids.unite(wide, consumed.expand_as(wide), Reason("tied to the model's width", layer))
        found = True
    return found


def scaled_by_input_width(module: nn.Module, table: ParameterTable) -> list[torch.Tensor]:
    """Queries whose scale the code derives from the width of its input, as (heads, width) ids.

    The trace holds such a scale as a number, so the classes that do it are named here:
    torchvision's shifted window attention (version 1).
    """
    found = []
    for path, part in module.named_modules():
        if f"{type(part).__module__}.{type(part).__name__}" != (
            "torchvision.models.swin_transformer.ShiftedWindowAttention"
        ):
            continue
        rows = table.assigned()[f"{path}.qkv.weight", 0]
        found.append(rows[: len(rows) // 3].reshape(int(part.num_heads), -1))
    return found
