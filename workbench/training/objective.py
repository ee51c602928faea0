"""What training minimises: the task's loss, the teacher's answers, and a regularizer."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from workbench.losses import main_scores, training_loss
from workbench.training.distillation import distillation_loss
from workbench.training.regularization import Penalty
from workbench.training.settings import FinetuneSettings


@dataclass(frozen=True, eq=False)
class Objective:
    """The loss of a batch.

    Attributes:
        settings: Weights of its parts.
        teacher: In evaluation mode, where the batches are; None without distillation.
        penalty: What makes channels easy to remove; None without regularization.
    """

    settings: FinetuneSettings
    teacher: nn.Module | None = None
    penalty: Penalty | None = None

    def __call__(self, module: nn.Module, inputs: Tensor, labels: Tensor) -> Tensor:
        """Mean loss of a batch, a scalar that gradients can be taken of."""
        outputs = module(inputs)
        loss = training_loss(outputs, labels, self.settings.label_smoothing)
        if self.teacher is not None:
            weight = self.settings.distillation_weight
            with torch.no_grad():
                answers = main_scores(self.teacher(inputs))
            learnt = distillation_loss(
                main_scores(outputs), answers, self.settings.distillation_temperature
            )
            loss = (1 - weight) * loss + weight * learnt
        if self.penalty is not None:
            loss = loss + self.settings.regularization_strength * self.penalty(module)
        return loss
