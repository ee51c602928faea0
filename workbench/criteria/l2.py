"""Magnitude by the L2 norm."""

import torch
from torch import Tensor

from workbench.criteria.evidence import Evidence
from workbench.criteria.magnitude import FilterCriterion, filters
from workbench.criteria.subject import LayerWeight


class L2(FilterCriterion):
    """Filters with a small Euclidean norm go first; single weights rank as by L1.

    Reference:
        He et al., Soft Filter Pruning, arXiv:1808.06866.
    """

    name = "l2"
    title = "Magnitude (L2)"
    reference = "arXiv:1808.06866"

    def channel_importance(self, weight: Tensor) -> Tensor:
        return l2_norms(weight)

    def weight_scores(self, weight: LayerWeight, evidence: Evidence) -> Tensor:
        return weight.values.detach().float().square()


def l2_norms(weight: Tensor) -> Tensor:
    """The Euclidean norm of every filter of a weight ``(C_out, ...)``, shape ``(C_out,)``."""
    norms: Tensor = torch.linalg.vector_norm(filters(weight), dim=1)
    return norms
