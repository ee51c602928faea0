"""Units: what one slider drives."""

import difflib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workbench.errors import PlanError, UnknownUnitError
from workbench.graph.groups import ChannelGraph
from workbench.layers import LayerInfo
from workbench.plan import Plan


@dataclass(frozen=True)
class Unit:
    """A layer (weight granularity) or a group of coupled channels (channel granularity).

    Attributes:
        name: How plans and results call it.
        granularity: What is counted: ``"channel"`` or ``"weight"``.
        layers: The layers whose channels or weights these are.
        size: Channels or weights of the dense model.
        prunable: Whether anything can be removed.
        reason: If not, why, in words.
    """

    name: str
    granularity: str
    layers: tuple[str, ...]
    size: int
    prunable: bool = True
    reason: str = ""


def weight_units(layers: Iterable[LayerInfo]) -> tuple[Unit, ...]:
    """One unit for every convolution and linear layer, prunable or not."""
    units = []
    owners: dict[str, str] = {}
    for layer in layers:
        if not layer.weighted:
            continue
        owner = owners.setdefault(layer.weight_name, layer.name)
        if not layer.weight_name:
            reason = "its weight is computed from other parameters, not stored"
        else:
            reason = "" if owner == layer.name else f"it shares the weight of {owner!r}"
        size = math.prod(layer.weight_shape)
        units.append(Unit(layer.name, "weight", (layer.name,), size, not reason, reason))
    return tuple(units)


def channel_units(graph: ChannelGraph) -> tuple[Unit, ...]:
    """One unit for every group of coupled channels, prunable or not."""
    return tuple(
        Unit(group.name, "channel", group.layers, group.size, group.prunable, group.reason)
        for group in graph.groups
    )


def check_units(plan: Plan, units: Sequence[Unit]) -> None:
    """Refuse a plan that names a unit which does not exist or cannot be pruned.

    Raises:
        UnknownUnitError: If a unit does not exist; names the closest that do.
        PlanError: If a unit with a ratio above 0 cannot be pruned.
    """
    by_name = {unit.name: unit for unit in units}
    for name in sorted(plan.named_units):
        if name not in by_name:
            raise UnknownUnitError(_unknown(name, plan.granularity, units))
        unit = by_name[name]
        if not unit.prunable and plan.ratio_of(name) > 0:
            raise PlanError(
                f"ratio of unit {name!r} must be 0, got {plan.ratio_of(name)}: it is not prunable, "
                f"because {unit.reason}. Leave it out of the plan."
            )


def _unknown(name: str, granularity: str, units: Sequence[Unit]) -> str:
    for unit in units:
        if name in unit.layers:
            return (
                f"the model has no {granularity} unit {name!r}: that layer's channels are coupled "
                f"to unit {unit.name!r}. Use {unit.name!r}."
            )
    close = difflib.get_close_matches(name, [unit.name for unit in units], n=3)
    hint = f" Did you mean {' or '.join(map(repr, close))}?" if close else ""
    return (
        f"the model has no {granularity} unit {name!r}.{hint} session.units lists all {len(units)}."
    )
