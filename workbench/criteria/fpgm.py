"""Distance to all other filters of the same weight."""

import torch
from torch import Tensor

from workbench.criteria.base import CHANNELS_ONLY
from workbench.criteria.magnitude import FilterCriterion, filters


class FPGM(FilterCriterion):
    """Filters near the geometric median of their layer go first: others can stand in for them.

    The score of a filter is the sum of its Euclidean distances to all filters of its weight;
    the geometric median is where that sum is smallest.

    Reference:
        He et al., Filter Pruning via Geometric Median, arXiv:1811.00250.
    """

    name = "fpgm"
    title = "Geometric median (FPGM)"
    reference = "arXiv:1811.00250"
    granularities = CHANNELS_ONLY
    compares_pairs = True

    def channel_importance(self, weight: Tensor) -> Tensor:
        rows = filters(weight)
        # Exact differences: the quicker way by matrix products loses close neighbours to rounding.
        exact = "donot_use_mm_for_euclid_dist"
        return torch.cdist(rows, rows, compute_mode=exact).sum(dim=1)
