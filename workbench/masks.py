"""Masks: zeros held in place of removed weights, and the masked model channels compare to."""

from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
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
    norms: dict[str, list[np.ndarray]] = {}
    tensors = dict(module.named_parameters()) | dict(module.named_buffers())
    for group in graph.groups:
        if group.name not in kept:
            continue
        gone = ~kept[group.name]
        if not gone.any():
            continue
        for member in group.members:
            places = torch.from_numpy(np.ascontiguousarray(member.indices[gone].ravel()))
            tensors[member.parameter].index_fill_(member.dim, places, 0)
            norms.setdefault(member.layer, []).append(member.indices[gone].ravel())
    for name, removed in norms.items():
        norm = module.get_submodule(name)
        if isinstance(norm, nn.LayerNorm | nn.GroupNorm):
            _count_kept_only(norm, np.concatenate(removed))


def _count_kept_only(norm: nn.LayerNorm | nn.GroupNorm, removed: np.ndarray) -> None:
    """Make a norm across channels take its statistics from the kept ones alone."""
    size = len(norm.weight)
    left = torch.from_numpy(np.setdiff1d(np.arange(size), removed))
    dim = -1 if isinstance(norm, nn.LayerNorm) else 1
    weight, bias = norm.weight, norm.bias

    def forward(inputs: Tensor) -> Tensor:
        # torchvision's LayerNorm2d has its channels in dimension 1 and moves them itself.
        along = 1 if inputs.shape[dim] != size else dim
        kept = inputs.index_select(along, left).movedim(along, -1 if dim == -1 else 1)
        scale, shift = weight[left], None if bias is None else bias[left]
        if isinstance(norm, nn.LayerNorm):
            normed = F.layer_norm(kept, (len(left),), scale, shift, norm.eps)
        else:
            normed = F.group_norm(kept, norm.num_groups, scale, shift, norm.eps)
        normed = normed.movedim(-1 if dim == -1 else 1, along)
        return torch.zeros_like(inputs).index_copy(along, left, normed)

    norm.forward = forward  # type: ignore[method-assign, assignment]
