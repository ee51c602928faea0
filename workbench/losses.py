"""The loss of a task: what training minimises, and what gradients of importance are taken of."""

import torch.nn.functional as F
from torch import Tensor

AUXILIARY_WEIGHT = 0.3

Outputs = Tensor | tuple[Tensor | None, ...]
"""Class scores ``(B, classes)``, or a tuple of them, the main head's first."""


def training_loss(outputs: Outputs, labels: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """Cross entropy; of networks with auxiliary heads, theirs is added with a weight of 0.3.

    Args:
        outputs: Class scores of every head.
        labels: Shape ``(B,)``.
        label_smoothing: Share of every label that is spread over all classes, in [0, 1).

    Reference:
        Szegedy et al., Going Deeper with Convolutions, arXiv:1409.4842.
    """
    if isinstance(outputs, Tensor):
        return F.cross_entropy(outputs, labels, label_smoothing=label_smoothing)
    main, *others = [scores for scores in outputs if scores is not None]
    loss = F.cross_entropy(main, labels, label_smoothing=label_smoothing)
    for scores in others:
        auxiliary = F.cross_entropy(scores, labels, label_smoothing=label_smoothing)
        loss = loss + AUXILIARY_WEIGHT * auxiliary
    return loss


def main_scores(outputs: Outputs) -> Tensor:
    """The class scores of the main head, shape ``(B, classes)``."""
    if isinstance(outputs, Tensor):
        return outputs
    return next(scores for scores in outputs if scores is not None)
