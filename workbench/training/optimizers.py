"""The optimizers by name: a new one is one function and one line here."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.optim import Optimizer

if TYPE_CHECKING:
    from workbench.training.settings import FinetuneSettings


def _adamw(parameters: list[nn.Parameter], settings: "FinetuneSettings") -> Optimizer:
    return torch.optim.AdamW(parameters, settings.learning_rate, weight_decay=settings.weight_decay)


def _sgd(parameters: list[nn.Parameter], settings: "FinetuneSettings") -> Optimizer:
    return torch.optim.SGD(
        parameters,
        settings.learning_rate,
        momentum=settings.momentum,
        nesterov=settings.nesterov,
        weight_decay=settings.weight_decay,
    )


OPTIMIZERS: dict[str, Callable[[list[nn.Parameter], "FinetuneSettings"], Optimizer]] = {
    "adamw": _adamw,
    "sgd": _sgd,
}
