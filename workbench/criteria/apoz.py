"""Average percentage of zeros: how seldom a channel is active."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from workbench.criteria.aggregation import filled_in, sum_over_producers, unit_norms
from workbench.criteria.base import CHANNELS_ONLY, Criterion
from workbench.criteria.evidence import Evidence, TrainingSample
from workbench.criteria.l2 import l2_norms
from workbench.criteria.subject import Channels
from workbench.graph.groups import Group
from workbench.layers import WEIGHTED


class APoZ(Criterion):
    """Channels that are seldom above 0 go first.

    A channel scores ``1 - APoZ``: the share of inputs and positions at which it is above 0 where
    convolution and linear layers receive it, that is after the nonlinearity, be it a module or a
    function. Over several such layers the mean counts. After a ReLU, "not above 0" is "zero". A
    group's scores are divided by their L2 norm, so that groups compare under global scope.

    Groups that reach no such layer (those of attention computed by one function, say) rank by L2
    norm, scaled to the mean score of all others.

    Reference:
        Hu et al., Network Trimming: A Data-Driven Neuron Pruning Approach, arXiv:1607.03250.
    """

    name = "apoz"
    title = "Activity (APoZ)"
    reference = "arXiv:1607.03250"
    granularities = CHANNELS_ONLY
    needs_data = True

    def gather(self, channels: Channels, sample: TrainingSample) -> Evidence:
        layers = [
            part
            for part in channels.module.modules()
            if isinstance(part, WEIGHTED) and "weight" in part._parameters  # not a computed one
        ]
        # By weight, as layers may share one.
        by_weight = {id(layer.weight): _Activity(layer.weight) for layer in layers}
        for layer in layers:
            layer.register_forward_pre_hook(by_weight[id(layer.weight)].count)
        with torch.no_grad():
            for inputs, _ in sample.batches():
                channels.module(inputs)
        active = {
            group.name: _share_active(channels, group, by_weight) for group in channels.groups
        }
        return Evidence(channels={n: share for n, share in active.items() if share is not None})

    def channel_scores(self, channels: Channels, evidence: Evidence) -> Mapping[str, np.ndarray]:
        shares = unit_norms(evidence.channels)
        return filled_in(channels, shares, sum_over_producers(channels, l2_norms))


class _Activity:
    """Counts, for every channel that the layers of one weight receive, how often it is above 0."""

    def __init__(self, weight: Tensor) -> None:
        self._channel_dim = 1 - weight.dim()  # the last of a linear layer, -3 of a Conv2d
        self._positions = 0
        self._above: Tensor | None = None

    def count(self, layer: nn.Module, received: tuple[Any, ...]) -> None:
        """Take what a layer receives: a forward pre-hook."""
        if not received:  # given by keyword
            return
        rows = received[0].movedim(self._channel_dim, 0).flatten(1)
        above = (rows > 0).sum(dim=1)
        self._above = above if self._above is None else self._above + above
        self._positions += rows.shape[1]

    def share(self, columns: int) -> np.ndarray | None:
        """Share above 0 by column of the weight; None if nothing was received.

        The groups of a grouped convolution share its columns.
        """
        if self._above is None:
            return None
        shares = self._above.double().reshape(-1, columns).mean(dim=0) / self._positions
        return shares.numpy(force=True)


def _share_active(
    channels: Channels, group: Group, by_weight: Mapping[int, _Activity]
) -> np.ndarray | None:
    found = []
    for member, parameter in channels.members(group, "input"):
        if (activity := by_weight.get(id(parameter))) is None:
            continue
        if (shares := activity.share(parameter.shape[member.dim])) is not None:
            found.append(shares[channels.places(group, member)].mean(axis=1))
    return np.mean(found, axis=0) if found else None
