"""Empirical Fisher information: squared gradients of single inputs."""

from collections.abc import Mapping

import numpy as np
from torch import Tensor

from workbench.criteria.aggregation import filled_in, sum_over_members, sum_over_producers
from workbench.criteria.evidence import Evidence, TrainingSample
from workbench.criteria.gradients import products, single_gradients
from workbench.criteria.l2 import l2_norms
from workbench.criteria.sensitivity import SensitivityCriterion
from workbench.criteria.subject import Channels


class Fisher(SensitivityCriterion):
    """Weights and channels whose removal changes the loss least, to second order, go first.

    The Fisher information stands in for the Hessian: a weight scores ``mean (g w)^2 / 2`` over
    the inputs, with the gradient ``g`` of one input's loss. A channel scores the same of the sum
    of ``g w`` over all weights that read it, input by input: as those weights act together, their
    effects are added before they are squared.

    Groups that no weight reads rank by L2 norm, scaled to the mean score of all others.

    Reference:
        Theis et al., Faster gaze prediction with dense networks and Fisher pruning,
        arXiv:1801.05787.
    """

    name = "fisher"
    title = "Empirical Fisher"
    reference = "arXiv:1801.05787"
    factor = 0.5

    def gather(self, channels: Channels, sample: TrainingSample) -> Evidence:
        weights: dict[str, Tensor] = {}
        sums: dict[str, np.ndarray] = {}
        count = 0
        for count, found in enumerate(single_gradients(channels, sample), start=1):  # noqa: B007
            for name, gradient in found.items():
                squares = gradient.square()
                weights[name] = squares if name not in weights else weights[name].add_(squares)
            effects = sum_over_members(channels, products(channels, found), "input")
            for name, effect in effects.items():
                sums[name] = sums.get(name, 0.0) + effect**2
        return Evidence(
            {name: squares / count for name, squares in weights.items()},
            {name: self.factor * total / count for name, total in sums.items()},
        )

    def channel_scores(self, channels: Channels, evidence: Evidence) -> Mapping[str, np.ndarray]:
        return filled_in(channels, evidence.channels, sum_over_producers(channels, l2_norms))
