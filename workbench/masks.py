"""Masks: zeros held in place of removed weights, and the masked model channels compare to."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

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
    left = torch.from_numpy(np.setdiff1d(np.arange(len(norm.weight)), removed))
    plain = norm.forward

    def forward(inputs: Tensor) -> Tensor:
        with _KeptOnly(left):
            return plain(inputs)

    norm.forward = forward  # type: ignore[method-assign, assignment]
    # PyTorch's fused encoder layer, which would pass this norm by, keeps away from hooks.
    norm.register_forward_hook(lambda part, inputs, output: None)


class _KeptOnly(TorchFunctionMode):
    """Within, norms across channels see the kept ones only; the others come out as 0."""

    def __init__(self, left: Tensor) -> None:
        super().__init__()
        self._left = left

    def __torch_function__(
        self, func: Any, types: object, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func not in {F.layer_norm, F.group_norm}:
            return func(*args, **kwargs)
        given = dict(zip(("inputs", "over", "weight", "bias", "eps"), args, strict=False)) | kwargs
        inputs, weight, bias = given["inputs"], given["weight"], given["bias"]
        last = func is F.layer_norm
        dim, left = -1 if last else 1, self._left.to(inputs.device)
        normed = func(
            inputs.index_select(dim, left),
            (len(left),) if last else given["over"],
            weight[left],
            None if bias is None else bias[left],
            given["eps"],
        )
        return torch.zeros_like(inputs).index_copy(dim, left, normed)
