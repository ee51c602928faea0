"""Fluctuation: how much what a channel adds to its readers varies."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from workbench.criteria.aggregation import (
    filled_in,
    slice_sums,
    sum_over_producers,
    unit_norms,
)
from workbench.criteria.base import CHANNELS_ONLY, Criterion
from workbench.criteria.evidence import Evidence, TrainingSample
from workbench.criteria.l2 import l2_norms
from workbench.criteria.received import Received, received_by_readers, watch_readers
from workbench.criteria.subject import Channels
from workbench.graph.groups import Group


class Fluctuation(Criterion):
    """Channels that add nearly the same to whatever reads them go first.

    A channel scores the variance of its activations where convolution and linear layers receive
    them, over inputs and positions, times the sum of the squared weights that read it; over several
    such layers these add up. Its mean does not count: a constant can be put in its place, which is
    what batch norms do when their statistics are estimated again. A group's scores are divided by
    their L2 norm, so that groups compare under global scope; the paper standardises them.

    Groups that reach no such layer (those of attention computed by one function, say) rank by L2
    norm, scaled to the mean score of all others.

    Reference:
        An et al., Fluctuation-based Adaptive Structured Pruning for Large Language Models,
        arXiv:2312.11983, section 3.
    """

    name = "fluctuation"
    title = "Fluctuation (FLAP)"
    reference = "arXiv:2312.11983"
    granularities = CHANNELS_ONLY
    needs_data = True

    def gather(self, channels: Channels, sample: TrainingSample) -> Evidence:
        received = watch_readers(channels, sample, _moments)
        found = {group.name: _fluctuation(channels, group, received) for group in channels.groups}
        return Evidence(channels={n: scores for n, scores in found.items() if scores is not None})

    def channel_scores(self, channels: Channels, evidence: Evidence) -> Mapping[str, np.ndarray]:
        scores = unit_norms(evidence.channels)
        return filled_in(channels, scores, sum_over_producers(channels, l2_norms))


def _moments(rows: Tensor) -> Tensor:
    """Sums of values and of their squares, by channel."""
    rows = rows.double()  # the variance is the small difference of the two
    return torch.stack([rows.sum(dim=1), rows.square().sum(dim=1)])


def _fluctuation(
    channels: Channels, group: Group, by_weight: Mapping[int, Received]
) -> np.ndarray | None:
    found = []
    for member, weight, (mean, square) in received_by_readers(channels, group, by_weight):
        variance = np.maximum(square - mean**2, 0).mean(axis=0)
        scores = variance * slice_sums(weight.detach().square(), member.dim)
        found.append(scores[channels.places(group, member)].sum(axis=1))
    return np.sum(found, axis=0) if found else None
