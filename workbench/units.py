"""Units: what one slider drives."""

import difflib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from workbench.errors import PlanError, UnknownUnitError
from workbench.graph.groups import ChannelGraph
from workbench.hand_picks import check_in_range
from workbench.layers import LayerInfo
from workbench.pattern import Pattern
from workbench.plan import Plan


@dataclass(frozen=True)
class Unit:
    """A layer (weight and n:m granularity) or a group of coupled channels (channel granularity).

    Attributes:
        name: How plans and results call it.
        granularity: The plan's: ``"channel"``, ``"weight"`` or ``"n:m"``.
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

    @property
    def counted(self) -> str:
        """What `size` counts, in words: ``"channels"`` or ``"weights"``."""
        return "channels" if self.granularity == "channel" else "weights"


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


def pattern_units(layers: Iterable[LayerInfo], pattern: Pattern) -> tuple[Unit, ...]:
    """One unit for every convolution and linear layer; prunable where whole blocks fit.

    No block is padded: a kernel for sparse weights would fall back to the dense one there.
    """
    by_name = {layer.name: layer for layer in layers}
    units = []
    for unit in weight_units(by_name.values()):
        reason = unit.reason or _why_no_blocks(by_name[unit.name], pattern)
        units.append(replace(unit, granularity="n:m", prunable=not reason, reason=reason))
    return tuple(units)


def _why_no_blocks(layer: LayerInfo, pattern: Pattern) -> str:
    if layer.transposed:
        return "N:M blocks are defined for linear layers and convolutions, not transposed ones"
    inputs, *kernel = layer.weight_shape[1:]
    if inputs % pattern.m == 0:
        return ""
    noun = ("input channel" if kernel else "input") + ("" if inputs == 1 else "s")
    owner = "each of its filters" if kernel else "it"
    return f"{owner} reads {inputs} {noun}, which is no multiple of {pattern.m}"


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
        PlanError: If a unit with a ratio or floor of its own above 0, or with channels removed by
            hand, cannot be pruned; or if it does not have a channel that was picked by hand.
    """
    by_name = {unit.name: unit for unit in units}
    for name in sorted(plan.named_units):
        if name not in by_name:
            raise UnknownUnitError(_unknown(name, plan.granularity, units))
        unit = by_name[name]
        removed, kept = plan.picks_of(name)
        check_in_range(name, unit.size, (*removed, *kept))
        if unit.prunable or name in plan.locks:
            continue
        if removed:
            raise PlanError(
                f"no channel of unit {name!r} can be removed by hand, got {removed[0]}: it is not "
                f"prunable, because {unit.reason}. plan.release({name!r}) takes it out of the plan."
            )
        for setting, ratios in (("ratio", plan.ratios), ("min_ratio", plan.min_ratios)):
            if ratios.get(name, 0) > 0:
                raise PlanError(
                    f"{setting} of unit {name!r} must be 0, got {ratios[name]}: it is not "
                    f"prunable, because {unit.reason}. Leave it out of the plan."
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
