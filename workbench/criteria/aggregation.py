"""From figures of parameter slices to scores of channels: how the members of a group add up."""

from collections.abc import Callable, Mapping

import numpy as np
from torch import Tensor

from workbench.criteria.subject import Channels
from workbench.graph.groups import Group

FilterScores = Callable[[Tensor], Tensor]
"""From one row per filter, shape ``(filters, weights)``, to one score per filter."""

_TINY = 1e-30


def sum_over_producers(channels: Channels, scored: FilterScores) -> dict[str, np.ndarray]:
    """By group name, the sum of the scores of the filters that make each channel.

    Every weight that makes channels of a group is scored filter by filter. The scores of a weight
    are divided by their L2 norm (Molchanov et al., arXiv:1611.06440), so that large tensors do not
    drown small ones, and a filter among few counts for more than one among many. Of several
    filters of one weight that make one channel (a depthwise multiplier), the mean counts. Biases
    have no filters. docs/decisions/0011 has the measurements behind this.
    """
    by_weight: dict[tuple[str, int], np.ndarray] = {}
    scores = {}
    for group in channels.groups:
        parts = []
        for member, parameter in channels.members(group, "output"):
            if parameter.dim() < 2:
                continue
            place = member.parameter, member.dim
            if place not in by_weight:
                rows = parameter.detach().movedim(member.dim, 0).flatten(1).float()
                importance = scored(rows).numpy(force=True)
                by_weight[place] = importance / max(float(np.linalg.norm(importance)), _TINY)
            parts.append(by_weight[place][channels.places(group, member)].mean(axis=1))
        if parts:
            scores[group.name] = np.sum(parts, axis=0)
    return scores


def sum_over_members(
    channels: Channels, figures: Mapping[str, Tensor], *roles: str
) -> dict[str, np.ndarray]:
    """By group name, the sum of all figures on each channel's slices of members of these roles.

    Args:
        channels: The groups.
        figures: By parameter name, one figure per element, in a unit common to all parameters.
        roles: Of the members that count.
    """
    by_slice: dict[tuple[str, int], np.ndarray] = {}
    scores = {}
    for group in channels.groups:
        parts = []
        for member, _ in channels.members(group, *roles):
            place = member.parameter, member.dim
            if place not in by_slice:
                by_slice[place] = slice_sums(figures[member.parameter], member.dim)
            parts.append(by_slice[place][channels.places(group, member)].sum(axis=1))
        if parts:
            scores[group.name] = np.sum(parts, axis=0)
    return scores


def slice_sums(figures: Tensor, dim: int) -> np.ndarray:
    """Sums over everything but one dimension, float64."""
    rows = figures.detach().movedim(dim, 0).flatten(1) if figures.dim() > 1 else figures[:, None]
    return rows.double().sum(dim=1).numpy(force=True)


def unit_norms(scores: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Every group's scores divided by their L2 norm, so that groups compare with each other."""
    return {name: own / max(float(np.linalg.norm(own)), _TINY) for name, own in scores.items()}


def filled_in(
    channels: Channels, measured: Mapping[str, np.ndarray], norms: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """`measured`, and for groups without a measurement their norms on the same footing.

    Divided by their mean and multiplied by that of all measured scores they compete with those
    under global scope, and rank as magnitude does inside their group.

    Args:
        channels: The groups.
        measured: By group name, scores of the channels left; groups without are left out.
        norms: By group name, what `sum_over_producers` gives.
    """
    typical = float(np.concatenate(list(measured.values())).mean()) if measured else 1.0

    def scores_of(group: Group) -> np.ndarray:
        if group.name in measured:
            return measured[group.name]
        own = norms.get(group.name, np.ones(channels.left(group)))
        return own / max(float(own.mean()), _TINY) * typical

    return {group.name: scores_of(group) for group in channels.groups}
