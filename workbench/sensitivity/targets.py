"""What is measured: one unit at one ratio, exactly as `PrunedModel.prune` would prune it."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from numbers import Real
from typing import Protocol

import numpy as np

from workbench.errors import PlanError
from workbench.onnx_graph import removed_since
from workbench.onnx_graph.axes import KeptByName
from workbench.onnx_graph.cut import WeightMasks
from workbench.plan import Plan
from workbench.pruned import PrunedModel
from workbench.units import Unit, check_units

RATIOS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Ratios of a scan, unless others are asked for."""

_BOUNDS = ("min_ratio", "max_ratio", "min_ratios", "max_ratios")


class AnyTarget(Protocol):
    """What running a target takes: all of it that a worker gets to see."""

    @property
    def unit(self) -> str:
        """The unit's name."""

    @property
    def ratio(self) -> float:
        """The ratio requested."""

    @property
    def achieved(self) -> float:
        """The ratio that comes out."""

    @property
    def plan(self) -> Plan:
        """The plan that prunes this unit alone."""

    @property
    def digest(self) -> str:
        """Names what is kept."""

    @property
    def removed(self) -> KeptByName:
        """What is left of the current parameters, by name and dimension; empty for masks."""

    @property
    def masks(self) -> WeightMasks:
        """The unit's weight mask in its current shape, by parameter; empty for channels."""


@dataclass(frozen=True, eq=False)
class Target:
    """One unit pruned to one ratio.

    Attributes:
        model: What is pruned.
        plan: The plan that prunes this unit alone.
        unit: The unit's name.
        ratio: The ratio requested.
        achieved, kept, size: What comes out.
        flags: Bool per original channel or weight of the unit, True = keep.
        nothing: Whether the unit stays as it is.
    """

    model: PrunedModel = field(repr=False)
    plan: Plan
    unit: str
    ratio: float
    achieved: float
    kept: int
    size: int
    flags: np.ndarray = field(repr=False)
    nothing: bool

    @classmethod
    def of(cls, model: PrunedModel, plan: Plan, unit: str, ratio: float) -> "Target":
        """What pruning `unit` alone to `ratio` by the plan's rules comes to."""
        own = alone(model, plan, unit, ratio)
        selection = model.select(own)
        result = next(result for result in selection.results if result.unit == unit)
        flags = selection.kept[unit]
        before = model.alive(plan.granularity)[unit]
        return cls(
            model=model,
            plan=own,
            unit=unit,
            ratio=ratio,
            achieved=result.achieved,
            kept=result.kept,
            size=result.size,
            flags=flags,
            nothing=bool(np.array_equal(flags, before)),
        )

    @cached_property
    def digest(self) -> str:
        """Names what is kept."""
        return sha256(np.packbits(self.flags).tobytes()).hexdigest()[:32]

    @property
    def removed(self) -> KeptByName:
        """What is left of the current parameters, by name and dimension; empty for masks."""
        if self.plan.granularity != "channel":
            return {}
        channels = {**self.model.channels, self.unit: self.flags}
        after = dataclasses.replace(self.model, channels=channels)
        return removed_since(after.structure, self.model.structure)

    @property
    def masks(self) -> WeightMasks:
        """The unit's weight mask in its current shape, by parameter; empty for channels."""
        if self.plan.granularity == "channel":
            return {}
        after = dataclasses.replace(self.model, weights={self.unit: self.flags})
        layer = self.model.anatomy.layer(self.unit)
        return {layer.weight_name: after.masks[self.unit].numpy()}


def alone(model: PrunedModel, plan: Plan, unit: str, ratio: float) -> Plan:
    """The plan that prunes one unit by the rules of another plan, and nothing else.

    Every other unit is locked. Locks and bounds of the given plan are left out: they say where a
    slider may stand, not what happens there. The unit's hand-picked channels stay picked.
    """
    return each_alone(model, plan, [unit], ratio)


def each_alone(model: PrunedModel, plan: Plan, units: Sequence[str], ratio: float) -> Plan:
    """The plan that keeps of each of these units what `alone` keeps of it.

    A unit with a ratio of its own is ranked by itself, so that others lose as well changes nothing.
    """
    names = {other.name for other in units_of(model, plan)}
    defaults = {entry.name: entry for entry in dataclasses.fields(Plan) if entry.name in _BOUNDS}
    bounds = {
        name: entry.default if entry.default is not dataclasses.MISSING else {}
        for name, entry in defaults.items()
    }
    picks = {unit: plan.picks_of(unit) for unit in units}
    return plan.with_(
        ratio=0.0,
        ratios=dict.fromkeys(units, ratio),
        locks=names - set(units),
        removed_channels={unit: removed for unit, (removed, _) in picks.items()},
        kept_channels={unit: kept for unit, (_, kept) in picks.items()},
        **bounds,
    )


def units_of(model: PrunedModel, plan: Plan) -> tuple[Unit, ...]:
    """Every unit of the plan's granularity."""
    return model.anatomy.units(plan.granularity, plan.pattern)


def chosen_units(model: PrunedModel, plan: Plan, names: Sequence[str] | None) -> tuple[str, ...]:
    """The units to scan: those named, or all that can be pruned.

    Raises:
        UnknownUnitError: If there is no such unit.
        PlanError: If one cannot be pruned, or there is none at all.
    """
    units = units_of(model, plan)
    if names is None:
        found = tuple(unit.name for unit in units if unit.prunable)
        if not found:
            raise PlanError(_why_none(plan, units))
        return found
    if not names:
        raise PlanError("a scan needs at least 1 unit, got none. Leave units out for all of them.")
    wanted = Plan(granularity=plan.granularity, ratios=dict.fromkeys(names, 0.5))
    check_units(wanted, units)
    return tuple(unit.name for unit in units if unit.name in set(names))


def _why_none(plan: Plan, units: Sequence[Unit]) -> str:
    reasons = "; ".join(f"{unit.name!r}: {unit.reason}" for unit in units[:3])
    return (
        f"a scan needs a unit that can be pruned by granularity {plan.granularity!r}, and this "
        f"model has none ({reasons or 'there are no units'}). Try another granularity, such as "
        "'weight'."
    )


def checked_ratios(ratios: Iterable[object]) -> tuple[float, ...]:
    """Ratios in rising order, each once.

    Raises:
        PlanError: If there is none, or one is not in (0, 1).
    """
    found = set()
    for ratio in ratios:
        number = isinstance(ratio, Real) and not isinstance(ratio, bool)
        if not number or not 0 < ratio < 1:  # type: ignore[operator]
            raise PlanError(
                f"ratios of a scan must be in (0, 1), got {ratio!r}. Leave 0 out: the model as it "
                "is is always measured."
            )
        found.add(float(ratio))  # type: ignore[arg-type]
    if not found:
        raise PlanError("a scan needs at least 1 ratio, got none. Leave ratios out for 0.1 to 0.9.")
    return tuple(sorted(found))


def by_digest(targets: Iterable[Target]) -> Mapping[str, list[Target]]:
    """Targets that keep the same, together: rounding makes several ratios one."""
    found: dict[str, list[Target]] = {}
    for target in targets:
        found.setdefault(target.digest, []).append(target)
    return found
