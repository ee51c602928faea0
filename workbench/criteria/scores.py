"""Importance of every unit's channels or weights, in the dense model's numbering."""

import numpy as np
from torch import Tensor, nn

from workbench.criteria.base import Criterion
from workbench.criteria.evidence import NOTHING, Evidence, TrainingSample, working_copy
from workbench.criteria.subject import Alive, Channels, LayerWeight
from workbench.errors import CriterionError


def gather(criterion: Criterion, channels: Channels, sample: TrainingSample) -> Evidence:
    """What a criterion has to know of training data; the model is left as it is.

    Raises:
        CriterionError: If the loss on the training data is not a finite number.
        DataError: If there is no training data.
        Cancelled: If the sample's monitor says so.
    """
    if not criterion.needs_data:
        return NOTHING
    with working_copy(channels.module) as module:
        return criterion.gather(channels.of(module), sample)


def channel_scores(
    channels: Channels, criterion: Criterion, evidence: Evidence | None = None
) -> dict[str, np.ndarray]:
    """Importance of every channel of every group; removed channels score 0.

    Args:
        channels: The groups of the dense model, and the model as it is now.
        criterion: The rule.
        evidence: What `gather` found in this model; only for criteria that need data.

    Raises:
        CriterionError: If the criterion does not apply to the model, if evidence is missing, or
            if a score is not a finite number.
    """
    criterion.check_model(channels)
    found = criterion.channel_scores(channels, _needed(criterion, evidence))
    scores = {}
    for group in channels.groups:
        scored = np.zeros(group.size)
        if group.name in found:
            scored[channels.alive[group.name]] = found[group.name]
        scores[group.name] = _finite(criterion, group.name, scored)
    return scores


def weight_scores(
    module: nn.Module,
    criterion: Criterion,
    present: Alive,
    seed: int,
    evidence: Evidence | None = None,
) -> dict[str, np.ndarray]:
    """Importance of every weight of every layer, flat; weights of removed channels score 0.

    Args:
        module: The current model, its masks applied.
        criterion: The rule.
        present: By layer name, flat bool over the dense weight: what its tensor still holds.
        seed: Makes random criteria repeatable.
        evidence: As for `channel_scores`.

    Raises:
        CriterionError: As for `channel_scores`.
    """
    evidence = _needed(criterion, evidence)
    names = {id(parameter): name for name, parameter in module.named_parameters()}
    scores = {}
    for layer, left in present.items():
        values = module.get_submodule(layer).weight
        assert isinstance(values, Tensor)
        weight = LayerWeight(layer, names.get(id(values), ""), values, left, seed)
        scored = np.zeros(len(left), np.float32)
        scored[left] = criterion.weight_scores(weight, evidence).numpy(force=True).ravel()
        scores[layer] = _finite(criterion, layer, scored)
    return scores


def _needed(criterion: Criterion, evidence: Evidence | None) -> Evidence:
    if not criterion.needs_data:
        return NOTHING
    if evidence is None:
        raise CriterionError(
            f"criterion {criterion.name!r} needs evidence from training data, got none. Use a "
            "Session, which gathers it; or pass what PrunedModel.gather found."
        )
    return evidence


def _finite(criterion: Criterion, unit: str, scores: np.ndarray) -> np.ndarray:
    if not np.isfinite(scores).all():
        broken = int((~np.isfinite(scores)).sum())
        raise CriterionError(
            f"scores by criterion {criterion.name!r} must be finite, got {broken} of "
            f"{len(scores)} that are not in unit {unit!r}. Check the model's weights, or use "
            "another criterion, such as 'l1'."
        )
    return scores
