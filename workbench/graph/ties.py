"""Projections whose width the code takes from the width of their input.

``qkv(x).reshape(batch, tokens, 3, heads, channels // heads)`` with the channels of ``x``: nothing
in the traced graph says that the projection and the model have one width. So where the code of a
module fails with other widths, its projections' outputs are tied to their inputs, place by place.
"""

import torch
from torch import nn

from workbench.graph.ids import ChannelIds
from workbench.graph.reasons import Reason
from workbench.graph.table import ParameterTable

_MOST_BLOCKS = 3
"""Query, key and value at most."""


def projections_like(module: nn.Module, place: str | None, table: ParameterTable) -> set[str]:
    """Weights whose output is one to three times as wide as their input.

    Args:
        module: The whole network.
        place: Path of a module that failed with other widths; its class is searched, wherever
            it occurs.
        table: What the trace found.

    Returns:
        Names of the weights; none for the network itself.
    """
    if not place:
        return set()
    kind = type(module.get_submodule(place))
    insides = tuple(f"{path}." for path, part in module.named_modules() if type(part) is kind)
    found = set()
    for (parameter, dim), produced in table.dimensions.items():
        consumed = table.dimensions.get((parameter, 1))
        wanted = dim == 0 and consumed is not None and table.roles[parameter, 0] == "output"
        if wanted and consumed is not None and parameter.startswith(insides):
            blocks, rest = divmod(len(produced), len(consumed))
            if not rest and 1 <= blocks <= _MOST_BLOCKS:
                found.add(parameter)
    return found


def tie_widths(parameters: set[str], ids: ChannelIds, table: ParameterTable) -> None:
    """Tie the outputs of these weights to their inputs, block by block."""
    for parameter in sorted(parameters):
        produced, consumed = table.dimensions[parameter, 0], table.dimensions[parameter, 1]
        blocks = produced.clamp(min=0).reshape(-1, len(consumed))
        reason = Reason("tied to the model's width", parameter.rpartition(".")[0])
        ids.unite(blocks, consumed.clamp(min=0).expand_as(blocks), reason)


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
        rows = table.dimensions[f"{path}.qkv.weight", 0].clamp(min=0)
        found.append(rows[: len(rows) // 3].reshape(int(part.num_heads), -1))
    return found
