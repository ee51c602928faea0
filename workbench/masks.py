"""Masks: zeros held in place of removed weights, and the masked model channels compare to."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from workbench.graph.groups import ChannelGraph
from workbench.graph.removal import DENSE
from workbench.graph.structure import Kept, Structure, tensor_shapes

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
    masks = channel_masks(module, Structure.of(graph, kept, tensor_shapes(module)))
    tensors = dict(module.named_parameters()) | dict(module.named_buffers())
    for name, mask in masks.items():
        tensors[name].masked_fill_(~mask.to(tensors[name].device), 0)
    count_kept_only(module, masks)


def channel_masks(
    module: nn.Module, structure: Structure, current: Structure = DENSE
) -> dict[str, Tensor]:
    """Masks that leave what a structure has, in producers, norms, biases and consumers alike.

    Args:
        module: A model with the structure `current`.
        structure: What is to be left, a part of it.
        current: What the model has now; everything by default.

    Returns:
        By name of a parameter or buffer that loses something: bool, True = keep, with as many
        dimensions as the tensor, of length 1 where nothing is removed along them.
    """
    shapes = tensor_shapes(module)
    masks = {}
    for name, dims in structure.kept.items():
        shape = shapes[name]
        mask = torch.ones([1] * len(shape), dtype=torch.bool)
        for dim in dims:
            left = torch.zeros(shape[dim], dtype=torch.bool)
            left[torch.as_tensor(structure.positions(name, dim, current))] = True
            mask = mask & left.view(-1, *[1] * (len(shape) - dim - 1))
        if not bool(mask.all()):
            masks[name] = mask
    return masks


def count_kept_only(module: nn.Module, masks: Mapping[str, Tensor]) -> None:
    """Make norms across channels take their statistics from the channels that are left alone.

    Called again it replaces what it did before.

    Args:
        module: Its norms are changed.
        masks: What `channel_masks` gives.
    """
    for name, part in module.named_modules():
        if not isinstance(part, nn.LayerNorm | nn.GroupNorm):
            continue
        mask = masks.get(f"{name}.weight".removeprefix("."))
        plain = part.forward.plain if isinstance(part.forward, _CountingKept) else part.forward
        if mask is None:
            if isinstance(part.forward, _CountingKept):
                part.forward = plain  # type: ignore[method-assign, assignment]
            continue
        if not isinstance(part.forward, _CountingKept):
            # PyTorch's fused encoder layer, which would pass this norm by, keeps away from hooks.
            part.register_forward_hook(_nothing)
        left = mask.nonzero().flatten()
        part.forward = _CountingKept(plain, left)  # type: ignore[method-assign, assignment]


def _nothing(*_: object) -> None:
    pass


class _CountingKept:
    """A norm's forward pass in which removed channels do not count."""

    def __init__(self, plain: Callable[[Tensor], Tensor], left: Tensor) -> None:
        self.plain, self._left = plain, left

    def __call__(self, inputs: Tensor) -> Tensor:
        with _KeptOnly(self._left):
            return self.plain(inputs)


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
