"""How important the channels of a unit are, by every criterion that costs nothing."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from workbench.criteria import Evidence
from workbench.criteria.registry import criteria_for
from workbench.criteria.scores import channel_scores
from workbench.criteria.subject import Channels
from workbench.errors import CriterionError
from workbench.graph.groups import Group
from workbench.progress import SILENT, Monitor
from workbench.pruned import PrunedModel

LEFT_OUT = ("random",)
"""Ranks that say nothing about a channel."""

MOST_DIFFERENCES = 3e9
"""Criteria that compare all pairs of filters are left out where that takes more subtractions."""


@dataclass(frozen=True, eq=False)
class Importances:
    """Ranks of the channels of one unit, criterion by criterion.

    Attributes:
        criteria: Names of the criteria.
        ranks: Shape ``(criteria, channels)``, float32: 0 is the least important of those left, 1
            the most; equal ones share the mean; nan where a channel is gone.
        agreement: Spearman's rank correlation of every two criteria over the channels left, shape
            ``(criteria, criteria)``, in [-1, 1]; nan where one of them ranks all alike.
    """

    criteria: tuple[str, ...]
    ranks: np.ndarray
    agreement: np.ndarray

    @property
    def mean_agreement(self) -> float | None:
        """Mean over all pairs of criteria; None without a pair."""
        pairs = self.agreement[np.triu_indices(len(self.criteria), 1)]
        pairs = pairs[np.isfinite(pairs)]
        return float(pairs.mean()) if len(pairs) else None


def importances(
    model: PrunedModel,
    group: Group,
    evidence: Mapping[str, Evidence],
    seed: int = 0,
    monitor: Monitor = SILENT,
) -> Importances:
    """Rank a group's channels by all criteria without data, and by those with evidence at hand.

    Criteria that do not apply to the group, or would take seconds, are left out.

    Args:
        model: The current model.
        group: Whose channels are ranked.
        evidence: By criterion, what was gathered in this model.
        seed: The plan's.
        monitor: Told after every criterion.
    """
    # Scores compare within a group only, so that no other group has to be scored.
    channels = Channels(model.module, (group,), model.alive("channel"), model.structure, seed)
    alive = channels.alive[group.name]
    wide = _differences(channels, group) > MOST_DIFFERENCES
    wanted = [
        criterion
        for criterion in criteria_for("channel")
        if criterion.name not in LEFT_OUT
        and (not criterion.needs_data or criterion.name in evidence)
        and not (criterion.compares_pairs and wide)
    ]
    found: dict[str, np.ndarray] = {}
    for number, criterion in enumerate(wanted):
        monitor.report(number, len(wanted), f"ranking channels by {criterion.name}")
        try:
            scores = channel_scores(channels, criterion, evidence.get(criterion.name))
        except CriterionError:
            continue  # such as batch-norm scales where there is no batch norm
        found[criterion.name] = scores[group.name][alive]
    ranks = np.full((len(found), group.size), np.nan, np.float32)
    for row, own in zip(ranks, found.values(), strict=True):
        row[alive] = _ranks(own)
    return Importances(tuple(found), ranks, agreement_of(ranks[:, alive]))


def agreement_of(ranks: np.ndarray) -> np.ndarray:
    """Spearman's correlation of every two rows; nan where a row is constant."""
    centred = ranks.astype(np.float64) - ranks.mean(axis=1, keepdims=True, dtype=np.float64)
    norms = np.linalg.norm(centred, axis=1)
    norms[norms == 0] = np.nan
    together: np.ndarray = np.clip(centred @ centred.T / np.outer(norms, norms), -1, 1)
    return together


def _differences(channels: Channels, group: Group) -> int:
    """Numbers to subtract where every filter that makes the group is compared with all others."""
    weights = {member.parameter: tensor for member, tensor in channels.members(group, "output")}
    return sum(weight.shape[0] * weight.numel() for weight in weights.values() if weight.dim() > 1)


def _ranks(scores: np.ndarray) -> np.ndarray:
    if len(scores) < 2:
        return np.ones(len(scores))
    ranks: np.ndarray = (rankdata(scores) - 1) / (len(scores) - 1)
    return ranks
