"""Random scores: the control every other criterion has to beat."""

import torch
from torch import Tensor

from workbench.criteria.base import Criterion, filters


class Random(Criterion):
    """Everything is equally likely to go; the plan's seed decides.

    Reference:
        The baseline of Blalock et al., What is the State of Neural Network Pruning?,
        arXiv:2003.03033.
    """

    name = "random"
    title = "Random (control)"
    reference = "arXiv:2003.03033"

    def weight_importance(self, weight: Tensor, generator: torch.Generator) -> Tensor:
        return torch.rand(weight.shape, generator=generator)

    def channel_importance(self, weight: Tensor, generator: torch.Generator) -> Tensor:
        return torch.rand(len(filters(weight)), generator=generator)
