"""A model somewhere on its way: what is left of the dense one, and how to prune it further."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn

from workbench.anatomy import Anatomy
from workbench.criteria import Evidence, criterion_named
from workbench.criteria.evidence import Batches, TrainingSample
from workbench.criteria.scores import channel_scores, gather, weight_scores
from workbench.criteria.subject import Channels
from workbench.graph.removal import remove_channels
from workbench.graph.structure import Kept, Structure
from workbench.losses import training_loss
from workbench.masks import apply_masks
from workbench.pattern import Layout
from workbench.plan import Plan
from workbench.progress import SILENT, Monitor
from workbench.selection import Selection, UnitResult, patterned_counts, select


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

    def channels_left(self, seed: int = 0) -> Channels:
        """The groups of channels with what is left of them; `seed` is for random criteria."""
        groups, alive = self.anatomy.graph.groups, self.alive("channel")
        return Channels(self.module, groups, alive, self.structure, seed)

    def check(self, plan: Plan) -> None:
        """Refuse a plan that does not fit this model.

        Raises:
            PlanError, UnknownUnitError, CriterionError: As `Anatomy.check`; and if the criterion
                cannot rank this model.
        """
        self.anatomy.check(plan)
        if plan.granularity == "channel":
            criterion_named(plan.criterion).check_model(self.channels_left(plan.seed))

    def gather(self, plan: Plan, data: Batches, monitor: Monitor = SILENT) -> Evidence:
        """What the plan's criterion has to know of training data; nothing for most.

        Args:
            plan: For its criterion, and its seed.
            data: Training batches ``(inputs, labels)`` in random order, at most 256 inputs of
                which are read.
            monitor: Told after every batch.

        Raises:
            CriterionError: If there is no such criterion, or the loss is not a finite number.
            DataError: If the criterion needs data and there is none.
            Cancelled: If the monitor says so.
        """
        device = next((p.device for p in self.module.parameters()), torch.device("cpu"))
        sample = TrainingSample(data, training_loss, device, monitor)
        return gather(criterion_named(plan.criterion), self.channels_left(plan.seed), sample)

    def scores(self, plan: Plan, evidence: Evidence | None = None) -> dict[str, np.ndarray]:
        """Importance by unit name, per original channel or weight.

        Args:
            plan: For its granularity, criterion and seed.
            evidence: What `gather` found in this model; only for criteria that need data.

        Raises:
            CriterionError: If the plan's criterion does not exist or apply, or lacks evidence.
        """
        criterion = criterion_named(plan.criterion)
        criterion.check_granularity(plan.granularity)
        if plan.granularity == "channel":
            return channel_scores(self.channels_left(plan.seed), criterion, evidence)
        present = {u.name: self._present(u.name) for u in self.anatomy.units("weight")}
        return weight_scores(self.module, criterion, present, plan.seed, evidence)

    @cached_property
    def layouts(self) -> dict[str, Layout]:
        """By layer name, how its weights lie in the current tensor; where N:M blocks are defined.

        A block is one of what is left: weights whose inputs were removed are in none.
        """
        layers = (self.anatomy.layer(unit.name) for unit in self.anatomy.units("weight"))
        return {
            layer.name: Layout(
                self._present(layer.name),
                self.structure.shape(layer.weight_name, layer.weight_shape),
            )
            for layer in layers
            if not layer.transposed
        }

    def patterned(self, plan: Plan) -> Mapping[str, tuple[int, int]]:
        """By layer, how many weights the plan's pattern leaves, and how many are not zero then.

        Layers whose inputs do not divide into blocks any more are left out. That zeros go first is
        taken for granted.
        """
        if plan.pattern not in self._patterned:
            nonzero = {name: self._nonzero(name) for name in self.layouts}
            kept = patterned_counts(self.layouts, plan, self.alive("weight"))
            left = patterned_counts(self.layouts, plan, nonzero)
            self._patterned[plan.pattern] = {name: (kept[name], left[name]) for name in kept}
        return self._patterned[plan.pattern]

    def select(self, plan: Plan, evidence: Evidence | None = None) -> Selection:
        """What the plan would keep; `evidence` as for `scores`."""
        units = self.anatomy.units(plan.granularity, plan.pattern)
        return select(
            units,
            plan,
            self.scores(plan, evidence),
            self.alive(plan.granularity),
            self._layouts(plan),
        )

    def prune(
        self, plan: Plan, evidence: Evidence | None = None
    ) -> tuple["PrunedModel", tuple[UnitResult, ...]]:
        """The model with the plan carried out, and what came of every unit; self is untouched.

        `evidence` as for `scores`.
        """
        selection = self.select(plan, evidence)
        return self.keeping(plan.granularity, selection.kept), selection.results

    def keeping(self, granularity: str, kept: Kept) -> "PrunedModel":
        """The model with only this left of its units; self is untouched.

        Args:
            granularity: What `kept` is about.
            kept: By unit name, bool per original channel or weight: a part of what is left now.
        """
        pruned = copy.deepcopy(self.module)
        if granularity != "channel":
            weights = {
                name: flags
                for name, flags in kept.items()
                if not np.array_equal(flags, self._present(name))
            }
            state = replace(self, module=pruned, weights=weights)
        else:
            state = replace(self, module=pruned, channels=kept)
            remove_channels(pruned, state.structure, self.structure)
        apply_masks(pruned, state.masks)
        return state

    def with_module(self, module: nn.Module) -> "PrunedModel":
        """The same removal, other weights (after fine-tuning)."""
        return replace(self, module=module)

    @cached_property
    def _patterned(self) -> dict[str, dict[str, tuple[int, int]]]:
        """By pattern; a slider asks for it at every move."""
        return {}

    def _nonzero(self, layer: str) -> np.ndarray:
        """Flat bool over the dense weight: what is there and not zero."""
        weight = self.module.get_submodule(layer).weight
        assert isinstance(weight, Tensor)
        flags = self._present(layer)
        flags[flags] = weight.detach().numpy(force=True).ravel() != 0
        return flags

    def _layouts(self, plan: Plan) -> dict[str, Layout] | None:
        return self.layouts if plan.granularity == "n:m" else None

    def _present(self, layer: str) -> np.ndarray:
        """Flat bool over the dense weight: what the layer's tensor still holds."""
        info = self.anatomy.layer(layer)  # without a weight name it is computed, and never cut
        return self.structure.present(info.weight_name, info.weight_shape)
