"""Sparse batch-norm scales: channels that are not needed fade out by themselves."""

import torch
from torch import Tensor, nn

from workbench.criteria.subject import Channels
from workbench.errors import TrainingError
from workbench.training.regularization.base import Penalty


def bn_scale(module: nn.Module, channels: Channels | None) -> Penalty:
    """The sum of ``|gamma|`` over all batch norms.

    Raises:
        TrainingError: If there is no batch norm with a scale.

    Reference:
        Liu et al., Learning Efficient Convolutional Networks through Network Slimming,
        arXiv:1708.06519.
    """
    names = [
        name
        for name, part in module.named_modules()
        if isinstance(part, nn.modules.batchnorm._BatchNorm) and part.weight is not None
    ]
    if not names:
        raise TrainingError(
            "regularization 'bn-scale' needs a model with at least 1 batch norm that has a scale, "
            "and this one has 0. Use regularization='group-lasso'."
        )

    def penalty(trained: nn.Module) -> Tensor:
        return torch.cat([trained.get_parameter(f"{name}.weight") for name in names]).abs().sum()

    return penalty
