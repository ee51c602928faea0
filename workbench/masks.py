"""Masks: zeros held in place of removed weights, and the masked model channels compare to."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from workbench.graph.groups import ChannelGraph
from workbench.graph.structure import Kept

Masks = Mapping[str, Tensor]
"""By layer name: bool, the shape of the layer's weight, True = keep."""


@torch.no_grad()
def apply_masks(module: nn.Module, masks: Masks) -> None:
    """Set masked weights to exactly zero, in place."""
    for name, mask in masks.items():
        weight = module.get_submodule(name).weight
        assert isinstance(weight, Tensor)
        weight.masked_fill_(~mask.to(weight.device), 0)


@torch.no_grad()
def mask_channels(module: nn.Module, graph: ChannelGraph, kept: Kept) -> None:
    """Zero every slice of the removed channels, in place.

    Producers, normalisation, biases and consumers alike: the outputs are those of the model
    that has these channels removed.

    Args:
        module: The dense model.
        graph: Its groups.
        kept: By group name, bool per channel; groups left out are whole.
    """
    tensors = dict(module.named_parameters()) | dict(module.named_buffers())
    for group in graph.groups:
        if group.name not in kept:
            continue
        gone = ~kept[group.name]
        for member in group.members:
            places = torch.from_numpy(np.ascontiguousarray(member.indices[gone].ravel()))
            tensors[member.parameter].index_fill_(member.dim, places, 0)
