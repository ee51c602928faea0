"""Magnitude by the L1 norm."""

import torch
from torch import Tensor

from workbench.criteria.base import Criterion, filters


class L1(Criterion):
    """Small weights, and filters with a small L1 norm, go first.

    Reference:
        Li et al., Pruning Filters for Efficient ConvNets, arXiv:1608.08710; for single weights
        Han et al., Learning both Weights and Connections, arXiv:1506.02626.
    """

    name = "l1"
    title = "Magnitude (L1)"
    reference = "arXiv:1608.08710"

    def weight_importance(self, weight: Tensor, generator: torch.Generator) -> Tensor:
        return weight.detach().float().abs()

    def channel_importance(self, weight: Tensor, generator: torch.Generator) -> Tensor:
        return filters(weight).abs().sum(dim=1)
