"""Masked and removed: the two sides of what must always agree."""

import copy

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from workbench.graph import ChannelGraph, analyze_channels
from workbench.graph.removal import remove_channels
from workbench.graph.structure import Structure, tensor_shapes
from workbench.masks import mask_channels


def half_removed(graph: ChannelGraph) -> dict[str, np.ndarray]:
    """Half of every group's channels, drawn at random."""
    random = np.random.default_rng(0)
    kept = {}
    for group in graph.prunable:
        flags = np.ones(group.size, bool)
        flags[random.permutation(group.size)[: group.size // 2]] = False
        kept[group.name] = flags
    return kept


def lively(module: nn.Module) -> nn.Module:
    """Float64, evaluation mode, and normalisations that do more than nothing."""
    torch.manual_seed(0)
    for part in module.modules():
        if isinstance(part, nn.modules.batchnorm._NormBase) and part.running_mean is not None:
            assert part.running_var is not None
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2)
    return module.double().eval()


def masked_and_removed(module: nn.Module, graph: ChannelGraph) -> tuple[nn.Module, nn.Module]:
    """Two copies without half of the channels of every group."""
    kept = half_removed(graph)
    masked, pruned = copy.deepcopy(module), copy.deepcopy(module)
    mask_channels(masked, graph, kept)
    remove_channels(pruned, Structure.of(graph, kept, tensor_shapes(module)))
    assert sum(p.numel() for p in pruned.parameters()) < sum(p.numel() for p in module.parameters())
    return masked, pruned


@torch.no_grad()
def difference(masked: nn.Module, pruned: nn.Module, inputs: Tensor) -> float:
    """Largest difference between their outputs, of whatever structure."""
    expected, found = (
        [leaf for leaf in pytree.tree_leaves(net(inputs)) if isinstance(leaf, Tensor)]
        for net in (masked, pruned)
    )
    assert max(float(one.abs().max()) for one in expected) > 1e-9, "0 proves nothing"
    return max(float((one - other).abs().max()) for one, other in zip(expected, found, strict=True))


def largest_difference(module: nn.Module, inputs: Tensor) -> float:
    """Of the masked and the pruned network, as one input of the batch finds the groups."""
    graph = analyze_channels(module, inputs[:1])
    return difference(*masked_and_removed(module, graph), inputs)
