"""Layers that the code, not the data, holds to one width.

``qkv(x).reshape(batch, tokens, 3, heads, channels // heads)`` with the channels of ``x``: nothing
in the traced graph says that the projection and the model have one width. So where the code of a
module fails with other widths, its projections' outputs are tied to their inputs, place by place.

``q(x).view(batch, tokens, heads, self.head_dim)`` and the same for ``v(x)``: one number of the
module serves two projections. So they keep equally many channels, place by place.
"""

from collections.abc import Sequence

from torch import nn

from workbench.graph.groups import ChannelGraph, Group, SizeAttribute
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


def held_to_one_number(
    module: nn.Module, place: str | None, sizes: Sequence[SizeAttribute], graph: ChannelGraph
) -> list[tuple[Group, Group]]:
    """Pairs of groups of one size, of which one sets a number that the other may need too.

    Args:
        module: The whole network.
        place: Path of a module that failed with other widths; its class is searched, wherever
            it occurs. None if no module failed.
        sizes: The numbers of modules that follow.
        graph: The groups that were tried.
    """
    if place is None:
        return []
    kind = type(module.get_submodule(place))
    pairs = []
    for size in sizes:
        if type(module.get_submodule(size.module)) is not kind:
            continue
        inside = f"{size.module}." if size.module else ""
        near = [g for g in graph.prunable if any(m.parameter.startswith(inside) for m in g.members)]
        for owner in near:
            if any((m.parameter, m.dim) == (size.parameter, size.dim) for m in owner.members):
                pairs += [(owner, g) for g in near if g.size == owner.size and g is not owner]
    return pairs


def tie_groups(
    pairs: Sequence[tuple[Group, Group]], ids: ChannelIds, table: ParameterTable
) -> None:
    """Tie the groups of each pair, channel by channel."""
    for first, second in pairs:
        one, other = (
            table.dimensions[member.parameter, member.dim][member.indices[:, 0]]
            for member in (first.members[0], second.members[0])
        )
        ids.unite(one, other, Reason("a number of the module is its size", first.name))
