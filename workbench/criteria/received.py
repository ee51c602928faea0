"""What the layers that read channels receive, while training data passes through the model."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from workbench.criteria.evidence import TrainingSample
from workbench.criteria.subject import Channels
from workbench.graph.groups import Group, Member
from workbench.layers import WEIGHTED

Sums = Callable[[nn.Module, Tensor], tuple[Tensor, int]]
"""From a layer and a batch that it receives to sums over positions, shape ``(figures, channels)``,
and how many positions there are."""


def channel_rows(layer: nn.Module, batch: Tensor) -> Tensor:
    """A batch that a convolution or linear layer receives, shape ``(channels, positions)``."""
    # The last dimension of a linear layer, -3 of a Conv2d.
    return batch.movedim(1 - layer.get_parameter("weight").dim(), 0).flatten(1)


class Received:
    """Figures of what the layers of one weight receive, averaged over inputs and positions.

    Args:
        sums: What is added up.
    """

    def __init__(self, sums: Sums) -> None:
        self._sums = sums
        self._positions = 0
        self._total: Tensor | None = None

    def take(self, layer: nn.Module, received: tuple[Any, ...]) -> None:
        """Take what a layer receives: a forward pre-hook."""
        if not received:  # given by keyword
            return
        sums, positions = self._sums(layer, received[0])
        self._total = sums.double() if self._total is None else self._total + sums
        self._positions += positions

    def means(self, columns: int) -> np.ndarray | None:
        """Shape ``(figures, groups, columns)``; None if nothing was received.

        Args:
            columns: Of the weight; the groups of a grouped convolution share them.
        """
        if self._total is None:
            return None
        means = self._total.reshape(len(self._total), -1, columns) / self._positions
        return means.numpy(force=True)


def watch_readers(channels: Channels, sample: TrainingSample, sums: Sums) -> dict[int, Received]:
    """By the weight's id, what all convolution and linear layers receive of a sample."""
    layers = [
        part
        for part in channels.module.modules()
        if isinstance(part, WEIGHTED) and "weight" in part._parameters  # not a computed one
    ]
    by_weight = {id(layer.weight): Received(sums) for layer in layers}
    for layer in layers:  # which may share a weight
        layer.register_forward_pre_hook(by_weight[id(layer.weight)].take)
    with torch.no_grad():
        for inputs, _ in sample.batches():
            channels.module(inputs)
    return by_weight


def received_by_readers(
    channels: Channels, group: Group, by_weight: Mapping[int, Received]
) -> Iterator[tuple[Member, Tensor, np.ndarray]]:
    """What each weight that reads a group has received: ``(member, weight, means)``."""
    for member, parameter in channels.members(group, "input"):
        if (received := by_weight.get(id(parameter))) is None:
            continue
        if (means := received.means(parameter.shape[member.dim])) is not None:
            yield member, parameter, means
