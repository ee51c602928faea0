"""Fluctuation: how much what a channel adds to its readers varies."""

import math
from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
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

_WINDOW_VALUES = 8 * 2**20
"""The taps of a kernel are looked at in about so many numbers of a batch, 32 MB."""


class Fluctuation(Criterion):
    """Channels that add nearly the same to whatever reads them go first.

    A channel scores the variance, over inputs and positions, of what it adds to each output of the
    convolution and linear layers that read it, added up over all outputs. Its mean does not count:
    a constant can be put in its place, which is what batch norms do when their statistics are
    estimated again. Where one weight reads a channel, that is the variance of its activations
    times the squared weight, as in the paper; neighbours that a kernel reads together vary
    together, which counts here. A group's scores are divided by their L2 norm, so that groups
    compare under global scope; the paper standardises them.

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


def _moments(layer: nn.Module, batch: Tensor) -> tuple[Tensor, int]:
    """By channel, sums of what the taps of a kernel receive, and of the products of each two."""
    if isinstance(layer, nn.Conv2d):
        windows = _windows(layer, batch)
    else:  # all taps, if there are any, are taken for one
        windows = channel_rows(layer, batch)[:, None]
    # Small numbers are added up, and moved to where they belong in doubles: a variance is a small
    # difference of large numbers.
    origin = windows[:, :1, :1]
    moved = windows - origin
    by, count = origin.double(), windows.shape[2]
    sums = moved.sum(dim=2, keepdim=True).double()
    products = (moved @ moved.mT).double() + by * (sums + sums.mT) + count * by.square()
    sums += count * by
    return torch.cat([sums.flatten(1), products.flatten(1)], dim=1).T, count


def _windows(layer: nn.Conv2d, batch: Tensor) -> Tensor:
    """What a kernel's taps receive, shape ``(channels, taps, positions)``.

    Of many positions only some are looked at, evenly spread over rows and columns.
    """
    mode = "constant" if layer.padding_mode == "zeros" else layer.padding_mode
    padded = F.pad(batch, layer._reversed_padding_repeated_twice, mode=mode)
    views = padded.reshape(-1, *padded.shape[-3:])  # (images, channels, height, width)
    for dim in (0, 1):
        step = layer.dilation[dim]
        span = step * (layer.kernel_size[dim] - 1) + 1
        views = views.unfold(2 + dim, span, layer.stride[dim])[..., ::step]
    rows, columns = views.shape[2:4]
    every = math.ceil(views.numel() / _WINDOW_VALUES)
    down = min(every, rows)
    across = min(math.ceil(every / down), columns)
    chosen = views[:, :, down // 2 :: down, across // 2 :: across]
    taps = chosen.permute(1, 4, 5, 0, 2, 3)
    return taps.flatten(3).flatten(1, 2)


def _fluctuation(
    channels: Channels, group: Group, by_weight: Mapping[int, Received]
) -> np.ndarray | None:
    found = []
    for member, weight, means in received_by_readers(channels, group, by_weight):
        columns = weight.detach().double().movedim(member.dim, 0).flatten(1)
        scores = _variances(columns.numpy(force=True), means)
        found.append(scores[channels.places(group, member)].sum(axis=1))
    return np.sum(found, axis=0) if found else None


def _variances(weights: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Of what each column adds to all that it is added to, summed up.

    Args:
        weights: That read a column, the taps of a kernel one after the other, shape
            ``(columns, readers * taps)``.
        means: As of `_moments`, shape ``(taps + taps ** 2, groups, columns)``.
    """
    taps = int(np.sqrt(len(means)))  # t * t <= t + t * t < (t + 1) * (t + 1)
    mean, products = means[:taps], means[taps:].reshape(taps, taps, *means.shape[1:])
    covariance = np.moveaxis(products - mean[:, None] * mean[None], (3, 2), (0, 1))
    kernels = weights.reshape(*covariance.shape[:2], -1, taps)  # each group has readers of its own
    variances: np.ndarray = (kernels @ covariance * kernels).sum(axis=(1, 2, 3))
    return np.asarray(np.maximum(variances, 0))
