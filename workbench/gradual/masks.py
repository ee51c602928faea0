"""The masks of a plan that is carried out little by little, by what is important at the time."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from workbench.data.dataset import Split
from workbench.errors import PlanError
from workbench.gradual.interim import interim_plan
from workbench.gradual.settings import GradualSettings
from workbench.graph.structure import Structure
from workbench.masks import channel_masks, count_kept_only
from workbench.plan import Plan
from workbench.pruned import PrunedModel
from workbench.selection import UnitResult
from workbench.training.holding import tensor_masks
from workbench.training.snapshot import named_tensors

GRANULARITIES = ("channel", "weight")


class GradualMasks:
    """A mask schedule (`workbench.training.MaskSchedule`) that a plan decides.

    At every update the plan's criterion scores the weights as they are then. What is masked stays
    masked. Channels are masked as a whole: producers, norms and consumers.

    Args:
        model: What is trained; its module is left as it is.
        plan: What is to be removed in the end.
        settings: When.
        epochs: How long the training is.
        data: Training data, for criteria that need some.

    Raises:
        PlanError, UnknownUnitError, CriterionError: If the plan does not fit, or is one for N:M.
    """

    def __init__(
        self, model: PrunedModel, plan: Plan, settings: GradualSettings, epochs: int, data: Split
    ) -> None:
        model.check(plan)
        if plan.granularity not in GRANULARITIES:
            raise PlanError(
                f"granularity of a plan for gradual pruning must be 'channel' or 'weight', got "
                f"{plan.granularity!r}: a pattern is on or off, with nothing between. Prune first, "
                "then fine-tune."
            )
        self._model, self._plan, self._settings = model, plan, settings
        self._epochs, self._data = epochs, data
        self._kept: Mapping[str, np.ndarray] = model.alive(plan.granularity)
        self._done = 0
        self._results: tuple[UnitResult, ...] = ()

    @property
    def settled(self) -> float:
        """The position, in epochs, from which on nothing changes any more."""
        return self._settings.end * self._epochs

    @property
    def results(self) -> tuple[UnitResult, ...]:
        """Request, outcome and reason of every unit, as far as pruning got."""
        if self._done == self._settings.updates:
            return self._results
        return tuple(self._unfinished(result) for result in self._results or self._untouched())

    def masks_at(self, epoch: float, module: nn.Module) -> dict[str, Tensor] | None:
        """The masks in force from a position on; None if they are the same as before."""
        due = self._settings.updates_by(epoch / self._epochs)
        if due <= self._done:
            return None
        self._done = due
        plan = interim_plan(self._model, self._plan, self._settings, due)
        now = self.pruned(module)
        order = torch.Generator().manual_seed(plan.seed)
        evidence = now.gather(plan, self._data.batches(_READ_BATCH, shuffle=order))
        selection = now.select(plan, evidence)
        self._kept, self._results = selection.kept, selection.results
        return self._masks(module)

    def state(self) -> dict[str, Any]:
        """What is masked now, as plain data and tensors."""
        return {
            "done": self._done,
            "kept": {name: torch.tensor(flags) for name, flags in self._kept.items()},
            "results": [asdict(result) for result in self._results],
        }

    def restore(self, state: Mapping[str, Any], module: nn.Module) -> dict[str, Tensor]:
        """Go back, or on, to such a state; returns the masks in force then."""
        self._done = state["done"]
        self._kept = {name: flags.numpy().copy() for name, flags in state["kept"].items()}
        self._results = tuple(UnitResult(**result) for result in state["results"])
        return self._masks(module)

    def pruned(self, module: nn.Module) -> PrunedModel:
        """The model with a trained module's weights, and without all that is masked.

        Args:
            module: With the tensors of the model's own, wherever it is; left as it is.
        """
        trained = copy.deepcopy(self._model.module)  # its norms count as they always did
        values = dict(named_tensors(module))
        with torch.no_grad():
            for name, tensor in named_tensors(trained):
                tensor.copy_(values[name])
        return self._model.with_module(trained).keeping(self._plan.granularity, self._kept)

    def _masks(self, module: nn.Module) -> dict[str, Tensor]:
        if self._plan.granularity == "weight":
            return tensor_masks(replace(self._model, weights=self._kept).masks)
        anatomy = self._model.anatomy
        structure = Structure.of(anatomy.graph, self._kept, anatomy.shapes)
        masks = channel_masks(module, structure, self._model.structure)
        count_kept_only(module, masks)
        return masks

    def _untouched(self) -> Iterator[UnitResult]:
        """Results before the first update."""
        for unit in self._model.anatomy.units(self._plan.granularity):
            kept = int(self._kept[unit.name].sum())
            yield UnitResult(unit.name, 0.0, 1 - kept / unit.size, kept, unit.size, unit.reason)

    def _unfinished(self, result: UnitResult) -> UnitResult:
        unit = result.unit
        shared = self._plan.scope == "global" and unit not in {
            *self._plan.ratios,
            *self._plan.locks,
        }
        requested = self._plan.ratio if shared else self._plan.ratio_of(unit)
        reason = result.reason
        if result.achieved < requested:
            ended = "training ended before it was pruned so far"
            reason = f"{reason}; {ended}" if reason else ended
        return replace(result, requested=requested, reason=reason)


_READ_BATCH = 64
