"""What gradients say within seconds: how far pruning each unit alone would move class scores.

To first order, removing weights ``w`` changes the class scores by ``-J w``, where ``J`` is their
derivative by these weights. How large that is, random probes tell: the square of ``s . J w`` with
random signs ``s`` is on average the squared length of ``J w``. One backward pass tells it of all
units and ratios at once, as weights times their gradients add up over whatever is removed.

It tells which units and ratios cost more than others. How much accuracy they cost, it does not:
read as an accuracy it is 11 points too high on average, on ResNet-20, and as a loss 3 to 8 times
too low, as no straight line holds once much is removed. docs/sensitivity.md has more figures.

References:
    LeCun et al., Optimal Brain Damage, NIPS 1989; for the probes, Hutchinson, A stochastic
    estimator of the trace of the influence matrix, Communications in Statistics 18, 1989.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from workbench.criteria import Evidence
from workbench.criteria.aggregation import sum_over_members
from workbench.criteria.evidence import TrainingSample, working_copy
from workbench.criteria.gradients import Gradients, gradients, products
from workbench.criteria.obd import class_scores
from workbench.criteria.subject import Channels
from workbench.losses import training_loss
from workbench.plan import Plan
from workbench.progress import SILENT, Monitor, Part
from workbench.pruned import PrunedModel
from workbench.sensitivity.scored import ScoredModel
from workbench.sensitivity.targets import RATIOS, checked_ratios, chosen_units, each_alone

PROBES = 4
"""Random directions per batch; each costs one backward pass."""

_TINY = 1e-12

Effects = Mapping[str, np.ndarray]
"""By unit, how far each of its channels or weights that are left moves a probe; flat."""


@dataclass(frozen=True)
class GradientCurve:
    """An estimate from gradients; nothing was pruned for it.

    Attributes:
        unit: Its name.
        ratios: Requested ratios.
        changes: How far the scores of two classes would move against each other: root mean square,
            to first order, in typical leads of the right class over the next one.
    """

    unit: str
    ratios: tuple[float, ...]
    changes: tuple[float, ...]


def gradient_curves(
    model: PrunedModel,
    batches: Iterable[tuple[Tensor, Tensor]],
    plan: Plan,
    *,
    ratios: Sequence[float] = RATIOS,
    units: Sequence[str] | None = None,
    evidence: Evidence | None = None,
    monitor: Monitor = SILENT,
) -> Mapping[str, GradientCurve]:
    """Estimate what pruning each unit alone would cost, from 8 forward and 32 backward passes.

    Args:
        model: What would be pruned; it is left as it is.
        batches: Training batches ``(inputs, labels)`` in random order; 256 inputs are read.
        plan: Granularity, criterion, rounding, seed.
        ratios: Fractions of the dense model's count, in (0, 1).
        units: Units to look at; all that can be pruned by default.
        evidence: What `model.gather` found, for criteria that need training data.
        monitor: Receives progress; may cancel.

    Raises:
        PlanError: If a ratio or a unit cannot be scanned.
        UnknownUnitError: If a unit does not exist.
        CriterionError: If the criterion does not exist or apply, or lacks evidence; or if the
            model gives no class scores, or infinite ones.
        DataError: If there is no training data.
        Cancelled: If the monitor was cancelled.
    """
    grid = checked_ratios(ratios)
    scored = ScoredModel.of(model, evidence)
    names = chosen_units(scored, plan, units)
    steps = _steps(scored, plan, names, grid)
    device = next((p.device for p in model.module.parameters()), torch.device("cpu"))
    sample = TrainingSample(batches, training_loss, device, Part(monitor, 0, 95, 100))
    squares, count, leads = {unit: np.zeros(len(grid)) for unit in names}, 0, list[Tensor]()
    with working_copy(model.module) as module:
        groups, alive = model.anatomy.graph.groups, model.alive("channel")
        channels = Channels(module, groups, alive, model.structure, plan.seed)
        for found in _probed(channels, sample, leads):
            count += 1
            moved = products(channels, found)
            effects = (
                _by_channel(channels, moved)
                if plan.granularity == "channel"
                else (_by_weight(channels, moved, names))
            )
            for unit in names:
                squares[unit] += steps[unit].removed(effects.get(unit)) ** 2
    # Of two independent scores the difference has twice the variance.
    typical_lead = max(float(torch.cat(leads).abs().median()), _TINY)
    monitor.report(100, 100, "estimating sensitivity")
    return {
        unit: GradientCurve(unit, grid, tuple((np.sqrt(2 * total / count) / typical_lead).tolist()))
        for unit, total in squares.items()
    }


def _probed(channels: Channels, sample: TrainingSample, leads: list[Tensor]) -> Iterator[Gradients]:
    """Gradients of random mixtures of the class scores, PROBES of every batch.

    That all scores of an input move together changes no answer, so it does not count.

    Args:
        channels: Of the model.
        sample: Training inputs.
        leads: Receives by how much the right class of every input leads.
    """
    random = torch.Generator().manual_seed(channels.seed)
    for inputs, labels in sample.batches():
        outputs = class_scores(channels.module(inputs))
        leads.append(_leads(outputs.detach(), labels))
        for probe in range(PROBES):
            signs = torch.randint(0, 2, outputs.shape, generator=random).to(outputs) * 2 - 1
            free = signs.numel() * (1 - 1 / signs.shape[1])  # degrees of freedom, once centred
            direction = (signs - signs.mean(dim=1, keepdim=True)) / max(free, 1) ** 0.5
            last = probe == PROBES - 1
            yield gradients((outputs * direction).sum(), channels, again=not last)


def _leads(scores: Tensor, labels: Tensor) -> Tensor:
    """By how much the right class leads the best of the others; negative where it trails."""
    right = scores.gather(1, labels[:, None])
    others = scores.scatter(1, labels[:, None], -torch.inf)
    return right[:, 0] - others.amax(dim=1)


def _by_channel(channels: Channels, moved: Mapping[str, Tensor]) -> Effects:
    return sum_over_members(channels, moved, "input")


def _by_weight(channels: Channels, moved: Mapping[str, Tensor], layers: Sequence[str]) -> Effects:
    names = {id(parameter): name for name, parameter in channels.parameters.items()}
    found = {}
    for layer in layers:
        name = names.get(id(channels.module.get_submodule(layer).weight))
        if name is not None:  # else it is computed, and not pruned
            found[layer] = moved[name].double().numpy(force=True).ravel()
    return found


@dataclass(frozen=True, eq=False)
class _Steps:
    """At which of the rising ratios each channel or weight of a unit that is left goes.

    Attributes:
        first: Position of that ratio; the number of ratios for what always stays.
        count: The number of ratios.
    """

    first: np.ndarray
    count: int

    def removed(self, effects: np.ndarray | None) -> np.ndarray:
        """The sum of the effects of all that is gone, ratio by ratio."""
        if effects is None:  # nothing reads the unit
            return np.zeros(self.count)
        by_ratio = np.bincount(self.first, weights=effects, minlength=self.count + 1)
        return np.asarray(by_ratio[: self.count].cumsum())


def _steps(
    model: PrunedModel, plan: Plan, units: Sequence[str], grid: Sequence[float]
) -> Mapping[str, _Steps]:
    present = {unit: _present(model, plan, unit) for unit in units}
    first = {unit: np.full(int(own.sum()), len(grid), np.int16) for unit, own in present.items()}
    for place in reversed(range(len(grid))):
        kept = model.select(each_alone(model, plan, units, grid[place])).kept
        for unit, own in present.items():
            first[unit][~kept[unit][own]] = place
    return {unit: _Steps(own, len(grid)) for unit, own in first.items()}


def _present(model: PrunedModel, plan: Plan, unit: str) -> np.ndarray:
    """Flat bool over the dense unit: what the current tensors still hold."""
    if plan.granularity == "channel":
        return model.alive("channel")[unit]
    layer = model.anatomy.layer(unit)
    return model.structure.present(layer.weight_name, layer.weight_shape)
