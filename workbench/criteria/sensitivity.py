"""What criteria share that weigh each squared weight by how sensitive the loss is to it."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from workbench.criteria.aggregation import filled_in, sum_over_members, sum_over_producers
from workbench.criteria.base import Criterion
from workbench.criteria.evidence import Evidence
from workbench.criteria.l2 import l2_norms
from workbench.criteria.subject import Channels, LayerWeight


class SensitivityCriterion(Criterion):
    """A weight scores `factor` times its square times a sensitivity, a channel the sum of them.

    Of a channel the weights that read it count, in all layers that do (docs/decisions/0011 says
    why not those that make it). Groups that no weight reads rank by L2 norm, scaled to the mean
    score of all others.
    """

    needs_data = True
    factor: ClassVar[float] = 1.0

    def channel_scores(self, channels: Channels, evidence: Evidence) -> Mapping[str, np.ndarray]:
        figures = {
            name: self._scored(channels.parameters[name], sensitivity)
            for name, sensitivity in evidence.weights.items()
        }
        effects = sum_over_members(channels, figures, "input")
        return filled_in(channels, effects, sum_over_producers(channels, l2_norms))

    def weight_scores(self, weight: LayerWeight, evidence: Evidence) -> Tensor:
        if weight.parameter not in evidence.weights:  # computed, so it cannot be pruned
            return torch.zeros(weight.values.shape)
        return self._scored(weight.values, evidence.weights[weight.parameter])

    def _scored(self, values: Tensor, sensitivity: Tensor) -> Tensor:
        return (self.factor * values.detach().square() * sensitivity).float()
