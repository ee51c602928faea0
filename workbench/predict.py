"""Instant predictions for a plan: exact arithmetic on the groups, no model is run."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from workbench.anatomy import Anatomy
from workbench.layers import LayerInfo
from workbench.plan import Plan
from workbench.pruned import PrunedModel
from workbench.selection import kept_counts


@dataclass(frozen=True)
class Prediction:
    """What a plan would lead to.

    Attributes:
        parameters: Numbers stored in parameters. Exact.
        nonzero_parameters: Those that are not masked to zero. Exact, except when channels are
            removed from masked layers: then the masks' density is assumed to stay.
        macs: Multiply-adds of one input. Exact.
        size_bytes: Bytes of the stored tensors. Exact.
        kept: By unit name, how many channels or weights are left.
        reasons: By unit name, why the outcome is not the request, where it is not.
    """

    parameters: int
    nonzero_parameters: int
    macs: int
    size_bytes: int
    kept: Mapping[str, int]
    reasons: Mapping[str, str]


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
        return self._alive_counts[granularity]

    def predict(self, plan: Plan, scores: Mapping[str, np.ndarray] | None = None) -> Prediction:
        """What `plan` would lead to.

        Args:
            plan: Its units exist.
            scores: Needed for global scope only, where scores decide how much each unit loses.
        """
        units = self.anatomy.units(plan.granularity)
        counts = kept_counts(units, plan, self._alive_counts[plan.granularity], scores)
        kept = {name: count for name, (count, _) in counts.items()}
        reasons = {name: reason for name, (_, reason) in counts.items() if reason}
        channels = kept if plan.granularity == "channel" else self._alive_counts["channel"]
        numels = {name: math.prod(shape) for name, shape in self._shapes(channels).items()}
        parameters = sum(numels[name] for name in self._parameters)
        density = self._density(plan, kept)
        masked = sum(
            round(numels[f"{layer}.weight"] * (1 - share)) for layer, share in density.items()
        )
        return Prediction(
            parameters=parameters,
            nonzero_parameters=parameters - masked - self._chance_zeros,
            macs=sum(n.positions * numels[f"{n.name}.weight"] for n in self._costly),
            size_bytes=sum(numels[name] * size for name, size in self.anatomy.item_bytes.items()),
            kept=kept,
            reasons=reasons,
        )

    @cached_property
    def _alive_counts(self) -> dict[str, dict[str, int]]:
        return {
            granularity: {
                name: int(flags.sum()) for name, flags in self.current.alive(granularity).items()
            }
            for granularity in ("channel", "weight")
        }

    @cached_property
    def _parameters(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.current.module.named_parameters())

    @cached_property
    def _costly(self) -> tuple[LayerInfo, ...]:
        return tuple(layer for layer in self.anatomy.layers if layer.positions)

    @cached_property
    def _reach(self) -> tuple[tuple[str, int, str, int, int], ...]:
        """(tensor, dimension, group, its size, slices per channel) of every group member."""
        return tuple(
            (member.parameter, member.dim, group.name, group.size, member.indices.shape[1])
            for group in self.anatomy.graph.prunable
            for member in group.members
        )

    @cached_property
    def _chance_zeros(self) -> int:
        """Parameters that are zero without being masked."""
        zeros = sum(
            int(parameter.numel() - parameter.detach().count_nonzero())
            for parameter in self.current.module.parameters()
        )
        return zeros - sum(int((~mask).sum()) for mask in self.current.masks.values())

    def _shapes(self, channels: Mapping[str, int]) -> dict[str, list[int]]:
        shapes = {name: list(shape) for name, shape in self.anatomy.shapes.items()}
        for tensor, dim, group, size, slices in self._reach:
            shapes[tensor][dim] -= (size - channels[group]) * slices
        return shapes

    def _density(self, plan: Plan, kept: Mapping[str, int]) -> dict[str, float]:
        """By layer, the share of its stored weights that is not masked."""
        left = kept if plan.granularity == "weight" else self._alive_counts["weight"]
        return {
            layer: left[layer] / stored if stored else 1.0
            for layer, stored in self._stored_weights.items()
        }

    @cached_property
    def _stored_weights(self) -> dict[str, int]:
        return {
            unit.name: self.current.module.get_submodule(unit.name).weight.numel()  # type: ignore[operator]
            for unit in self.anatomy.units("weight")
        }
