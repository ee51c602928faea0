"""Instant predictions for a plan: exact arithmetic on the groups, no model is run."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from workbench.anatomy import Anatomy
from workbench.estimate import Estimate
from workbench.layers import LayerInfo
from workbench.measure.energy import LayerEnergy, energy_mj, layer_energies
from workbench.plan import Plan
from workbench.pruned import PrunedModel
from workbench.selection import Scores, hand_picks, kept_counts, ranked


@dataclass(frozen=True)
class Prediction:
    """What a plan would lead to.

    Attributes:
        parameters: Numbers stored in parameters. Exact.
        nonzero_parameters: Those that are not zero. Exact for weights by magnitude, which takes
            the zeros first; where channels go, each tensor's share of zeros is assumed to stay.
        macs: Multiply-adds of one input. Exact.
        size_bytes: Bytes of the stored tensors. Exact.
        kept: By unit name, how many channels or weights are left.
        reasons: By unit name, why the outcome is not the request, where it is not.
        energy_mj: Energy of one inference in millijoules: an estimate from exact counts.
        latency_ms, speedup: Time of one inference, and how many times faster than the dense
            model; None as long as too little was measured to tell.
        accuracy: On the probe set, in [0, 1]; None without measured sensitivity.
    """

    parameters: int
    nonzero_parameters: int
    macs: int
    size_bytes: int
    kept: Mapping[str, int]
    reasons: Mapping[str, str]
    energy_mj: float
    latency_ms: Estimate | None = None
    speedup: Estimate | None = None
    accuracy: Estimate | None = None


@dataclass(frozen=True)
class Predictor:
    """Predicts for one model; what does not depend on the plan is computed once."""

    current: PrunedModel

    @property
    def anatomy(self) -> Anatomy:
        """The dense model."""
        return self.current.anatomy

    def left(self, granularity: str) -> Mapping[str, int]:
        """By unit name, how many channels or weights the current model has."""
        return self._alive_counts[_counted(granularity)]

    def predict(self, plan: Plan, scores: Scores | None = None) -> Prediction:
        """What `plan` would lead to.

        Args:
            plan: Its units exist.
            scores: Needed for global scope only, where scores decide how much each unit loses.
        """
        last = self._last.get("prediction")
        if last is None or last[0] is not scores or last[1] != plan:
            last = self._last["prediction"] = scores, plan, self._predict(plan, scores)
        return last[2]

    @cached_property
    def _last(self) -> dict[str, tuple[Scores | None, Plan, Prediction]]:
        """Every view of a plan asks for the same prediction."""
        return {}

    def _predict(self, plan: Plan, scores: Scores | None) -> Prediction:
        units = self.anatomy.units(plan.granularity, plan.pattern)
        patterned = self.current.patterned(plan) if plan.granularity == "n:m" else {}
        alive = self._alive[_counted(plan.granularity)]
        picked = hand_picks(plan, alive)
        if scores is not None:
            scores = ranked(scores, alive, picked)
        counts = kept_counts(
            units,
            plan,
            self.left(plan.granularity),
            scores,
            {name: count for name, (count, _) in patterned.items()},
            picked,
        )
        kept = {name: count for name, (count, _) in counts.items()}
        reasons = {name: reason for name, (_, reason) in counts.items() if reason}
        by_channel = plan.granularity == "channel"
        shapes = self._shapes(kept if by_channel else self._alive_counts["channel"])
        numels = {name: math.prod(shape) for name, shape in shapes.items()}
        held = {
            self._weight_names[unit.name]: _held(kept[unit.name], patterned, unit.name)
            for unit in units
            if unit.prunable and not by_channel
        }
        return Prediction(
            parameters=sum(numels[name] for name in self._nonzero),
            nonzero_parameters=self._nonzero_left(numels, held),
            macs=sum(
                layer.positions * numels.get(layer.weight_name, math.prod(layer.weight_shape))
                for layer in self._costly
            ),
            size_bytes=sum(numels[name] * size for name, size in self.anatomy.item_bytes.items()),
            kept=kept,
            reasons=reasons,
            energy_mj=energy_mj(self._energies, shapes),
        )

    @cached_property
    def _alive(self) -> dict[str, dict[str, np.ndarray]]:
        return {counted: self.current.alive(counted) for counted in ("channel", "weight")}

    @cached_property
    def _alive_counts(self) -> dict[str, dict[str, int]]:
        return {
            counted: {name: int(flags.sum()) for name, flags in alive.items()}
            for counted, alive in self._alive.items()
        }

    @cached_property
    def _weight_names(self) -> dict[str, str]:
        return {layer.name: layer.weight_name for layer in self.anatomy.layers}

    @cached_property
    def _costly(self) -> tuple[LayerInfo, ...]:
        return tuple(layer for layer in self.anatomy.layers if layer.positions)

    @cached_property
    def _energies(self) -> tuple[LayerEnergy, ...]:
        return layer_energies(self.anatomy.layers)

    @cached_property
    def _reach(self) -> tuple[tuple[str, int, str, int, int], ...]:
        """(tensor, dimension, group, its size, slices per channel) of every group member."""
        return tuple(
            (member.parameter, member.dim, group.name, group.size, member.indices.shape[1])
            for group in self.anatomy.graph.prunable
            for member in group.members
        )

    @cached_property
    def _nonzero(self) -> dict[str, tuple[int, int]]:
        """By parameter: how many of its numbers are not zero, and how many it holds."""
        return {
            name: (int(parameter.detach().count_nonzero()), parameter.numel())
            for name, parameter in self.current.module.named_parameters()
        }

    def _shapes(self, channels: Mapping[str, int]) -> dict[str, list[int]]:
        """By tensor, its shape when so many channels are left."""
        shapes = {name: list(shape) for name, shape in self.anatomy.shapes.items()}
        for tensor, dim, group, size, slices in self._reach:
            shapes[tensor][dim] -= (size - channels[group]) * slices
        return shapes

    def _nonzero_left(self, numels: Mapping[str, int], held: Mapping[str, int]) -> int:
        """Numbers that are not zero, in tensors of these sizes, of which so many are held."""
        total = 0
        for name, (nonzero, stored) in self._nonzero.items():
            left = round(nonzero * numels[name] / stored) if stored else 0
            total += min(left, held.get(name, left))
        return total


def _counted(granularity: str) -> str:
    """What the units of a granularity consist of."""
    return "channel" if granularity == "channel" else "weight"


def _held(kept: int, patterned: Mapping[str, tuple[int, int]], unit: str) -> int:
    """How many numbers of a weight can be other than zero when so many are kept."""
    in_pattern, nonzero = patterned.get(unit, (-1, 0))
    return nonzero if kept == in_pattern else kept
