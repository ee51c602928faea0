"""Distillation: what the dense model answers is learnt along with the labels."""

import torch.nn.functional as F
from torch import Tensor


def distillation_loss(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """``T^2 KL(softmax(teacher / T) || softmax(student / T))``, in nats, mean over the batch.

    The square keeps its gradients as large as those of a cross entropy, whatever the temperature.

    Args:
        student, teacher: Class scores, shape ``(B, classes)``.
        temperature: T; the higher, the more the teacher's small answers count.

    Reference:
        Hinton et al., Distilling the Knowledge in a Neural Network, arXiv:1503.02531.
    """
    divergence = F.kl_div(
        F.log_softmax(student / temperature, dim=1),
        F.log_softmax(teacher / temperature, dim=1),
        reduction="batchmean",
        log_target=True,
    )
    return temperature**2 * divergence
