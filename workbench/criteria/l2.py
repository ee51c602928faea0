"""Magnitude by the L2 norm."""

import torch
from torch import Tensor

from workbench.criteria.base import Criterion, filters


class L2(Criterion):
    """Filters with a small Euclidean norm go first; single weights rank as by L1.

    Reference:
        He et al., Soft Filter Pruning, arXiv:1808.06866.
    """

    name = "l2"
    title = "Magnitude (L2)"
    reference = "arXiv:1808.06866"

    def weight_importance(self, weight: Tensor, generator: torch.Generator) -> Tensor:
        return weight.detach().float().square()

    def channel_importance(self, weight: Tensor, generator: torch.Generator) -> Tensor:
        norms: Tensor = torch.linalg.vector_norm(filters(weight), dim=1)
        return norms
