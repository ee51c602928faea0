"""Random scores: the control every other criterion has to beat."""

import hashlib
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from workbench.criteria.base import Criterion
from workbench.criteria.evidence import Evidence
from workbench.criteria.subject import Channels, LayerWeight


class Random(Criterion):
    """Everything is equally likely to go; the plan's seed decides.

    Scores are drawn for the dense model's channels and weights, so that what is left keeps its
    scores when something else is removed.

    Reference:
        The baseline of Blalock et al., What is the State of Neural Network Pruning?,
        arXiv:2003.03033.
    """

    name = "random"
    title = "Random (control)"
    reference = "arXiv:2003.03033"

    def channel_scores(self, channels: Channels, evidence: Evidence) -> Mapping[str, np.ndarray]:
        return {
            group.name: drawn(channels.seed, group.name, group.size)[channels.alive[group.name]]
            for group in channels.groups
        }

    def weight_scores(self, weight: LayerWeight, evidence: Evidence) -> Tensor:
        scores = drawn(weight.seed, weight.layer, len(weight.present))[weight.present]
        return torch.from_numpy(scores).reshape(weight.values.shape)


def drawn(seed: int, name: str, count: int) -> np.ndarray:
    """Numbers in [0, 1) that depend on a seed and a name, not on the order of calls; float32."""
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)
    return torch.rand(count, generator=generator).numpy()
