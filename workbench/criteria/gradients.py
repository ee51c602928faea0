"""Gradients of the training loss, and what the weights times them say of channels."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from workbench.criteria.evidence import TrainingSample
from workbench.criteria.subject import Channels

Gradients = Mapping[str, Tensor]
"""By parameter name, in the parameter's shape; 0 where the loss does not depend on it."""


def batch_gradients(channels: Channels, sample: TrainingSample) -> Iterator[Gradients]:
    """Gradients of the mean loss, batch by batch."""
    for inputs, labels in sample.batches():
        yield gradients(sample.loss_of(channels.module, inputs, labels), channels)


def single_gradients(channels: Channels, sample: TrainingSample) -> Iterator[Gradients]:
    """Gradients of the loss, input by input.

    One pass per input costs more than a batch, but holds for every kind of layer.
    """
    for inputs, labels in sample.one_by_one():
        yield gradients(sample.loss_of(channels.module, inputs, labels), channels)


def gradients(scalar: Tensor, channels: Channels, *, again: bool = False) -> Gradients:
    """Gradients of a scalar by every parameter.

    Args:
        scalar: Computed by the module of `channels`.
        channels: Whose parameters; those that are not floating-point are left out.
        again: Whether the same graph is needed once more.
    """
    asked = {n: p for n, p in channels.parameters.items() if p.requires_grad}
    found = torch.autograd.grad(
        scalar, list(asked.values()), retain_graph=again, allow_unused=True, materialize_grads=True
    )
    return {name: gradient.detach() for name, gradient in zip(asked, found, strict=True)}


def mean_squares(sets: Iterator[Gradients]) -> dict[str, Tensor]:
    """By parameter name, the mean of the squared gradients, float32 or wider."""
    sums: dict[str, Tensor] = {}
    count = 0
    for count, found in enumerate(sets, start=1):  # noqa: B007 - how many is what is wanted
        for name, gradient in found.items():
            squares = gradient.square()
            sums[name] = squares if name not in sums else sums[name].add_(squares)
    return {name: squares / count for name, squares in sums.items()}


def products(channels: Channels, found: Gradients) -> dict[str, Tensor]:
    """By parameter name, every weight times its gradient."""
    return {name: channels.parameters[name].detach() * found[name] for name in found}
