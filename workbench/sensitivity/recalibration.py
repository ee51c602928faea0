"""Batch-norm statistics estimated again after pruning, on a few training batches.

Reference:
    Li et al., EagleEye: Fast Sub-net Evaluation for Efficient Neural Network Pruning,
    arXiv:2007.02491, section 3.3.
"""

import copy
from dataclasses import dataclass, field
from itertools import islice

import torch
from torch import Tensor, nn

from workbench.data.dataset import Dataset
from workbench.errors import DataError
from workbench.modes import evaluation_mode

BATCHES, BATCH_SIZE = 8, 64


@dataclass(frozen=True, eq=False)
class Recalibration:
    """Fixed batches that running statistics are estimated on.

    Attributes:
        batches: Inputs, each ``(B, *input_shape)``.
    """

    batches: tuple[Tensor, ...] = field(repr=False)

    @classmethod
    def from_data(cls, dataset: Dataset, batches: int, seed: int) -> "Recalibration":
        """Training batches of 64, drawn by the seed.

        Raises:
            DataError: If `batches` is less than 1.
        """
        if batches < 1:
            raise DataError(
                f"recalibration needs at least 1 training batch, got {batches}. Use recalibrate="
                f"True for {BATCHES}, or False for none."
            )
        order = torch.Generator().manual_seed(seed)
        drawn = islice(dataset.train.batches(BATCH_SIZE, shuffle=order), batches)
        return cls(tuple(inputs.clone() for inputs, _ in drawn))

    def applied_to(self, module: nn.Module) -> nn.Module:
        """A copy of the module whose batch norms hold the mean statistics of the batches.

        Every batch counts the same. Norms without running statistics stay as they are.
        """
        changed = copy.deepcopy(module)
        norms = [
            part
            for part in changed.modules()
            if isinstance(part, nn.modules.batchnorm._BatchNorm) and part.track_running_stats
        ]
        momenta = [norm.momentum for norm in norms]
        device = next((p.device for p in changed.parameters()), torch.device("cpu"))
        with evaluation_mode(changed), torch.no_grad():
            for norm in norms:
                norm.reset_running_stats()
                norm.momentum = None  # the mean over all batches, not a moving one
                norm.train()
            for inputs in self.batches:
                changed(inputs.to(device))
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        return changed
