"""Layer-adaptive magnitude: magnitudes that compare across layers."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from workbench.criteria.aggregation import sum_over_producers
from workbench.criteria.base import Criterion
from workbench.criteria.evidence import Evidence
from workbench.criteria.l2 import l2_norms
from workbench.criteria.subject import Channels, LayerWeight


class LAMP(Criterion):
    """A square counts as its share of all squares in its layer that are not smaller.

    Inside a layer the ranking is that of magnitude; under global scope, layers whose weights
    carry less keep more of them. The largest always scores 1. Channels are scored in the same
    way by their squared L2 norms, combined over the group as L2 combines them.

    Reference:
        Lee et al., Layer-Adaptive Sparsity for the Magnitude-based Pruning, arXiv:2010.07611.
    """

    name = "lamp"
    title = "Layer-adaptive magnitude (LAMP)"
    reference = "arXiv:2010.07611"

    def channel_scores(self, channels: Channels, evidence: Evidence) -> Mapping[str, np.ndarray]:
        norms = sum_over_producers(channels, l2_norms)
        return {
            name: share_of_the_rest(torch.from_numpy(own**2)).numpy() for name, own in norms.items()
        }

    def weight_scores(self, weight: LayerWeight, evidence: Evidence) -> Tensor:
        squares = weight.values.detach().double().square()
        return share_of_the_rest(squares.flatten()).reshape(squares.shape).float()


def share_of_the_rest(squares: Tensor) -> Tensor:
    """Each entry divided by the sum of those that rank at or above it, shape ``(N,)``.

    Of equal entries the first counts as the smaller; entries of 0 score 0.
    """
    ordered, order = squares.sort(stable=True)
    rest = ordered.flip(0).cumsum(0).flip(0)
    shares = torch.where(ordered == 0, 0.0, ordered / rest)
    return torch.zeros_like(squares).index_copy(0, order, shares)
