"""Magnitude by the L1 norm."""

from torch import Tensor

from workbench.criteria.evidence import Evidence
from workbench.criteria.magnitude import FilterCriterion, filters
from workbench.criteria.subject import LayerWeight


class L1(FilterCriterion):
    """Small weights, and filters with a small L1 norm, go first.

    Reference:
        Li et al., Pruning Filters for Efficient ConvNets, arXiv:1608.08710; for single weights
        Han et al., Learning both Weights and Connections, arXiv:1506.02626.
    """

    name = "l1"
    title = "Magnitude (L1)"
    reference = "arXiv:1608.08710"

    def channel_importance(self, weight: Tensor) -> Tensor:
        return filters(weight).abs().sum(dim=1)

    def weight_scores(self, weight: LayerWeight, evidence: Evidence) -> Tensor:
        return weight.values.detach().float().abs()
