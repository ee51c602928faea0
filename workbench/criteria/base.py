"""What a criterion is: a rule that scores weights; higher = keep."""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor

from workbench.errors import CriterionError


class Criterion(ABC):
    """A rule that says how important weights and whole filters are.

    Class attributes:
        name: How plans call it.
        title: How a person reads it.
        reference: The paper it comes from.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    reference: ClassVar[str]

    @abstractmethod
    def weight_importance(self, weight: Tensor, generator: torch.Generator) -> Tensor:
        """Importance of every single weight, same shape as `weight`, float32.

        Args:
            weight: Shape ``(C_out, ...)``.
            generator: Seeded source of randomness, for criteria that need one.
        """

    @abstractmethod
    def channel_importance(self, weight: Tensor, generator: torch.Generator) -> Tensor:
        """Importance of every output channel, shape ``(C_out,)``, float32.

        Args:
            weight: Shape ``(C_out, ...)``: one filter per output channel.
            generator: Seeded source of randomness, for criteria that need one.
        """


def filters(weight: Tensor) -> Tensor:
    """A weight as one row per output channel, shape ``(C_out, everything else)``, float32.

    Raises:
        CriterionError: If `weight` has fewer than two dimensions.
    """
    if weight.dim() < 2:
        raise CriterionError(
            f"a weight must have at least 2 dimensions (C_out, ...), got shape "
            f"{tuple(weight.shape)}. Biases and normalisation parameters are not scored."
        )
    return weight.detach().flatten(1).float()
