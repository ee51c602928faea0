"""A module's tensors at the end of an epoch, on the CPU, apart from the module."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What an epoch ended with.

    Attributes:
        epoch: Counted from 1.
        tensors: Parameters and buffers by name.
        masks: The state of the mask schedule; empty without one.
    """

    epoch: int
    tensors: Mapping[str, Tensor]
    masks: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, epoch: int, module: nn.Module, masks: Mapping[str, Any]) -> "Snapshot":
        """Copies of a module's tensors, wherever it is."""
        tensors = {
            name: tensor.detach().to("cpu", copy=True) for name, tensor in named_tensors(module)
        }
        return cls(epoch, tensors, masks)

    @torch.no_grad()
    def write_to(self, module: nn.Module) -> None:
        """Give a module with the same tensors these values, wherever it is."""
        for name, tensor in named_tensors(module):
            tensor.copy_(self.tensors[name])


def named_tensors(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """A module's parameters and buffers, persistent or not, each by the first of its names."""
    yield from module.named_parameters()
    yield from module.named_buffers()
