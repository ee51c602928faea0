"""Multiply-adds of one forward pass."""

from collections.abc import Iterable

from torch import Tensor, nn

from workbench.layers import LayerInfo


def macs_of(module: nn.Module, layers: Iterable[LayerInfo]) -> int:
    """Multiply-adds of convolution and linear layers for one input.

    Args:
        module: A model with the given layers, channels possibly removed from it.
        layers: The dense model's layers: at how many places each weight is applied.
    """
    total = 0
    for layer in layers:
        if layer.positions:
            weight = module.get_submodule(layer.name).weight
            assert isinstance(weight, Tensor)
            total += layer.positions * weight.numel()
    return total
