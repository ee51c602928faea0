"""Average percentage of zeros: how seldom a channel is active."""

from collections.abc import Mapping

import numpy as np
from torch import Tensor, nn

from workbench.criteria.aggregation import filled_in, sum_over_producers, unit_norms
from workbench.criteria.base import CHANNELS_ONLY, Criterion
from workbench.criteria.evidence import Evidence, TrainingSample
from workbench.criteria.l2 import l2_norms
from workbench.criteria.received import (
    Received,
    channel_rows,
    received_by_readers,
    watch_readers,
)
from workbench.criteria.subject import Channels
from workbench.graph.groups import Group


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
        received = watch_readers(channels, sample, _active)
        active = {group.name: _share_active(channels, group, received) for group in channels.groups}
        return Evidence(channels={n: share for n, share in active.items() if share is not None})

    def channel_scores(self, channels: Channels, evidence: Evidence) -> Mapping[str, np.ndarray]:
        shares = unit_norms(evidence.channels)
        return filled_in(channels, shares, sum_over_producers(channels, l2_norms))


def _active(layer: nn.Module, batch: Tensor) -> tuple[Tensor, int]:
    """At how many positions each channel is above 0, and how many there are."""
    rows = channel_rows(layer, batch)
    return (rows > 0).sum(dim=1)[None], rows.shape[1]


def _share_active(
    channels: Channels, group: Group, by_weight: Mapping[int, Received]
) -> np.ndarray | None:
    found = [
        means[0].mean(axis=0)[channels.places(group, member)].mean(axis=1)
        for member, _, means in received_by_readers(channels, group, by_weight)
    ]
    return np.mean(found, axis=0) if found else None
