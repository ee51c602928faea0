"""What criteria share that look at the filters of each weight alone."""

from abc import abstractmethod
from collections.abc import Mapping

import numpy as np
from torch import Tensor

from workbench.criteria.aggregation import sum_over_producers
from workbench.criteria.base import Criterion
from workbench.criteria.evidence import Evidence
from workbench.criteria.subject import Channels
from workbench.errors import CriterionError


class FilterCriterion(Criterion):
    """Scores each filter; a channel's score is the sum over the filters that make it.

    Each weight's scores are divided by their L2 norm first, so that large tensors do not drown
    small ones. See docs/decisions/0011 for the choice.
    """

    @abstractmethod
    def channel_importance(self, weight: Tensor) -> Tensor:
        """Importance of every filter of a weight ``(C_out, ...)``, shape ``(C_out,)``, float32."""

    def channel_scores(self, channels: Channels, evidence: Evidence) -> Mapping[str, np.ndarray]:
        return sum_over_producers(channels, self.channel_importance)


def filters(weight: Tensor) -> Tensor:
    """A weight as one row per output channel, shape ``(C_out, everything else)``, float32.

    Raises:
        CriterionError: If `weight` has fewer than two dimensions.
    """
    if weight.dim() < 2:
        raise CriterionError(
            f"a weight must have at least 2 dimensions (C_out, ...), got shape "
            f"{tuple(weight.shape)}. Biases and normalisation parameters are not scored."
        )
    return weight.detach().flatten(1).float()
