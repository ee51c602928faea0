"""First-order Taylor expansion in the activations."""

from collections.abc import Mapping

import numpy as np

from workbench.criteria.aggregation import filled_in, sum_over_members, sum_over_producers
from workbench.criteria.base import CHANNELS_ONLY, Criterion
from workbench.criteria.evidence import Evidence, TrainingSample
from workbench.criteria.gradients import products, single_gradients
from workbench.criteria.l2 import l2_norms
from workbench.criteria.subject import Channels


class TaylorActivation(Criterion):
    """Channels whose activations can be set to 0 with the least change of the loss go first.

    A channel scores ``|sum of a * dL/da|`` over the positions of one input, averaged over the
    inputs, where ``a`` is what the layers that read the channel receive (after nonlinearity and
    pooling) and ``L`` that input's loss. Those layers are linear in activations and weights alike,
    so the sum is that of ``w * dL/dw`` over the weights that read the channel, and is taken
    there: this holds for weights used by functions as well, and sums over all readers before
    the absolute value is taken. The paper's division by the number of positions is the same
    for all channels of a layer.

    Groups that no weight reads rank by L2 norm, scaled to the mean score of all others.

    Reference:
        Molchanov et al., Pruning Convolutional Neural Networks for Resource Efficient Inference,
        arXiv:1611.06440.
    """

    name = "taylor_activation"
    title = "Taylor, activations"
    reference = "arXiv:1611.06440"
    granularities = CHANNELS_ONLY
    needs_data = True

    def gather(self, channels: Channels, sample: TrainingSample) -> Evidence:
        sums: dict[str, np.ndarray] = {}
        count = 0
        for count, found in enumerate(single_gradients(channels, sample), start=1):  # noqa: B007
            effects = sum_over_members(channels, products(channels, found), "input")
            for name, effect in effects.items():
                sums[name] = sums.get(name, 0.0) + np.abs(effect)
        return Evidence(channels={name: total / count for name, total in sums.items()})

    def channel_scores(self, channels: Channels, evidence: Evidence) -> Mapping[str, np.ndarray]:
        return filled_in(channels, evidence.channels, sum_over_producers(channels, l2_norms))
