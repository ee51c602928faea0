"""Measuring a model must not change it: evaluation mode for a while, exactly as it was after."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Put `model` in evaluation mode and restore the training flag of every submodule.

    `model.train(model.training)` would not do: it overwrites a submodule that was frozen on
    purpose, such as a batch norm kept in evaluation mode while the rest trains.
    """
    flags = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in flags:
            module.training = training
