"""A model somewhere on its way: what is left of the dense one, and how to prune it further."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn

from workbench.anatomy import Anatomy
from workbench.criteria import criterion_named
from workbench.criteria.scores import channel_scores, weight_scores
from workbench.graph.removal import remove_channels
from workbench.graph.structure import Structure
from workbench.masks import apply_masks
from workbench.plan import Plan
from workbench.selection import Selection, UnitResult, select


@dataclass(frozen=True, eq=False)
class PrunedModel:
    """A module together with what has been removed from it.

    Attributes:
        anatomy: The dense model it came from.
        module: The current module; treated as read-only.
        channels: By group name, bool per original channel; groups left out are whole.
        weights: By layer name, flat bool per original weight; layers left out are whole.
    """

    anatomy: Anatomy
    module: nn.Module
    channels: Mapping[str, np.ndarray] = field(default_factory=dict)
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)

    @cached_property
    def structure(self) -> Structure:
        """Which slices of the dense parameters are left."""
        return Structure.of(self.anatomy.graph, self.channels, self.anatomy.shapes)

    @cached_property
    def masks(self) -> dict[str, Tensor]:
        """Weight masks in the current shapes, for the layers that have one."""
        masks = {}
        for name, flags in self.weights.items():
            layer = self.anatomy.layer(name)
            shape = self.structure.shape(layer.weight_name, layer.weight_shape)
            masks[name] = torch.from_numpy(flags[self._present(name)].reshape(shape))
        return masks

    def alive(self, granularity: str) -> dict[str, np.ndarray]:
        """By unit name, bool per original channel or weight: what is left."""
        if granularity == "channel":
            return {
                group.name: self.channels.get(group.name, np.ones(group.size, bool))
                for group in self.anatomy.graph.groups
            }
        alive = {}
        for unit in self.anatomy.units("weight"):
            present = self._present(unit.name)
            alive[unit.name] = present & self.weights.get(unit.name, present)
        return alive

    def scores(self, plan: Plan) -> dict[str, np.ndarray]:
        """Importance by unit name, per original channel or weight.

        Raises:
            CriterionError: If the plan's criterion does not exist.
        """
        criterion = criterion_named(plan.criterion)
        if plan.granularity == "channel":
            groups, alive = self.anatomy.graph.groups, self.alive("channel")
            return channel_scores(self.module, groups, criterion, alive, plan.seed)
        present = {u.name: self._present(u.name) for u in self.anatomy.units("weight")}
        return weight_scores(self.module, criterion, present, plan.seed)

    def select(self, plan: Plan) -> Selection:
        """What the plan would keep."""
        units = self.anatomy.units(plan.granularity)
        return select(units, plan, self.scores(plan), self.alive(plan.granularity))

    def prune(self, plan: Plan) -> tuple["PrunedModel", tuple[UnitResult, ...]]:
        """The model with the plan carried out, and what came of every unit; self is untouched."""
        selection = self.select(plan)
        pruned = copy.deepcopy(self.module)
        if plan.granularity == "weight":
            weights = {
                name: flags
                for name, flags in selection.kept.items()
                if not np.array_equal(flags, self._present(name))
            }
            state = replace(self, module=pruned, weights=weights)
        else:
            state = replace(self, module=pruned, channels=selection.kept)
            remove_channels(pruned, state.structure, self.structure)
        apply_masks(pruned, state.masks)
        return state, selection.results

    def with_module(self, module: nn.Module) -> "PrunedModel":
        """The same removal, other weights (after fine-tuning)."""
        return replace(self, module=module)

    def _present(self, layer: str) -> np.ndarray:
        """Flat bool over the dense weight: what the layer's tensor still holds."""
        info = self.anatomy.layer(layer)  # without a weight name it is computed, and never cut
        return self.structure.present(info.weight_name, info.weight_shape)
