"""Batch-norm statistics estimated again after pruning, on a few training batches.

Reference:
    Li et al., EagleEye: Fast Sub-net Evaluation for Efficient Neural Network Pruning,
    arXiv:2007.02491, section 3.3.
"""

import copy
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeGuard

import torch
from torch import Tensor, nn

from workbench.data.dataset import Split
from workbench.errors import DataError, ModelError
from workbench.modes import evaluation_mode
from workbench.progress import SILENT, Monitor

BATCHES, BATCH_SIZE = 8, 64


def recalibrate(
    module: nn.Module,
    split: Split,
    *,
    batches: int = BATCHES,
    seed: int = 0,
    monitor: Monitor = SILENT,
) -> nn.Module:
    """A copy of a module whose batch norms know the activations it has now.

    Takes seconds, trains nothing, and often brings back most of what pruning cost.

    Args:
        module: Left as it is.
        split: Training data.
        batches: How many batches of 64 inputs are read.
        seed: For the choice of inputs.
        monitor: Told after every batch.

    Raises:
        ModelError: If no batch norm has running statistics.
        DataError: If `batches` is less than 1.
        Cancelled: If the monitor says so.
    """
    if not any(_has_statistics(part) for part in module.modules()):
        raise ModelError(
            "recalibration needs a model with at least 1 batch norm that has running statistics, "
            "and this one has 0: there is nothing to estimate again. Fine-tune it instead."
        )
    drawn = Recalibration.from_split(split, batches, seed)
    return drawn.applied_to(module, monitor)


@dataclass(frozen=True, eq=False)
class Recalibration:
    """Fixed batches that running statistics are estimated on.

    Attributes:
        batches: Inputs, each ``(B, *input_shape)``.
    """

    batches: tuple[Tensor, ...] = field(repr=False)

    @classmethod
    def from_split(cls, split: Split, batches: int, seed: int) -> "Recalibration":
        """Batches of 64, drawn by the seed.

        Raises:
            DataError: If `batches` is less than 1.
        """
        if batches < 1:
            raise DataError(
                f"recalibration needs at least 1 training batch, got {batches}. Use {BATCHES}, for "
                "example."
            )
        order = torch.Generator().manual_seed(seed)
        drawn = islice(split.batches(BATCH_SIZE, shuffle=order), batches)
        return cls(tuple(inputs.clone() for inputs, _ in drawn))

    def applied_to(self, module: nn.Module, monitor: Monitor = SILENT) -> nn.Module:
        """A copy of the module whose batch norms hold the mean statistics of the batches.

        Every batch counts the same. Norms without running statistics stay as they are.
        """
        changed = copy.deepcopy(module)
        norms = [part for part in changed.modules() if _has_statistics(part)]
        momenta = [norm.momentum for norm in norms]
        device = next((p.device for p in changed.parameters()), torch.device("cpu"))
        with evaluation_mode(changed), torch.no_grad():
            for norm in norms:
                norm.reset_running_stats()
                norm.momentum = None  # the mean over all batches, not a moving one
                norm.train()
            for number, inputs in enumerate(self.batches):
                monitor.report(number, len(self.batches), "recalibrating batch norms")
                changed(inputs.to(device))
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        return changed


def _has_statistics(part: nn.Module) -> TypeGuard[nn.modules.batchnorm._BatchNorm]:
    return isinstance(part, nn.modules.batchnorm._BatchNorm) and part.track_running_stats
