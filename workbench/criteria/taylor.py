"""First-order Taylor expansion in the weights."""

from workbench.criteria.evidence import Evidence, TrainingSample
from workbench.criteria.gradients import batch_gradients, mean_squares
from workbench.criteria.sensitivity import SensitivityCriterion
from workbench.criteria.subject import Channels


class Taylor(SensitivityCriterion):
    """Weights whose removal changes the loss least, to first order, go first.

    A weight scores ``(g w)^2``, the squared change of the loss when it is set to 0, with the
    gradient ``g`` of a batch, averaged over the batches; a channel scores the sum over its
    weights.

    Reference:
        Molchanov et al., Importance Estimation for Neural Network Pruning, arXiv:1906.10771.
    """

    name = "taylor"
    title = "Taylor, weights"
    reference = "arXiv:1906.10771"

    def gather(self, channels: Channels, sample: TrainingSample) -> Evidence:
        return Evidence(weights=mean_squares(batch_gradients(channels, sample)))
