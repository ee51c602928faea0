"""What is removed stays removed while a module trains: it is set to zero again after every step."""

from collections.abc import Mapping
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from workbench.masks import Masks

TensorMasks = Mapping[str, Tensor]
"""By parameter or buffer name: bool, of its shape or one that broadcasts to it; True = keep."""


class MaskSchedule(Protocol):
    """Decides, as training goes on, what is held at zero.

    Positions count in epochs, fractional, from 0. What was masked once stays masked.
    """

    @property
    def settled(self) -> float:
        """The position from which on nothing changes any more."""

    def masks_at(self, epoch: float, module: nn.Module) -> TensorMasks | None:
        """The masks in force from here on; None if they are the same as before.

        Called before the first step and after every one, with rising positions.

        Args:
            epoch: The position.
            module: As it is now; how its norms count may be changed, its weights may not.
        """

    def state(self) -> dict[str, Any]:
        """What is masked now, as plain data and tensors that nobody changes later."""

    def restore(self, state: Mapping[str, Any], module: nn.Module) -> TensorMasks:
        """Go back, or on, to such a state; returns the masks in force then."""


class Held:
    """The tensors of a module that are held, with what is removed from them."""

    def __init__(self, module: nn.Module, masks: TensorMasks) -> None:
        tensors: dict[str, Tensor] = {
            **dict(module.named_parameters(remove_duplicate=False)),
            **dict(module.named_buffers(remove_duplicate=False)),
        }
        self._removed = [
            (tensors[name], ~mask.to(tensors[name].device)) for name, mask in masks.items()
        ]

    @torch.no_grad()
    def apply(self) -> None:
        """Set what is removed to exactly zero."""
        for tensor, removed in self._removed:
            tensor.masked_fill_(removed, 0)


def tensor_masks(masks: Masks) -> dict[str, Tensor]:
    """Weight masks by layer name as masks by parameter name."""
    return {f"{layer}.weight".removeprefix("."): mask for layer, mask in masks.items()}
