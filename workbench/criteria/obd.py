"""Optimal Brain Damage: the diagonal of the Hessian."""

from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

from workbench.criteria.aggregation import unit_norms
from workbench.criteria.evidence import Evidence, TrainingSample
from workbench.criteria.gradients import Gradients, gradients, mean_squares
from workbench.criteria.sensitivity import SensitivityCriterion
from workbench.criteria.subject import Channels
from workbench.errors import CriterionError

PROBES = 4
"""Random directions per batch; each costs one backward pass."""


class OptimalBrainDamage(SensitivityCriterion):
    """Weights whose removal raises the loss least, by its curvature alone, go first.

    A weight scores ``h w^2 / 2``, where ``h`` is the second derivative of the loss by that weight;
    a channel scores the sum over the weights that read it, divided by the L2 norm of its group's
    scores.

    ``h`` is taken without the curvature of the nonlinearities, as in the paper (the Gauss-Newton
    or Levenberg-Marquardt approximation): for ReLU networks that is the Hessian's own diagonal,
    and it is never negative. It is estimated by Rademacher probes of the outputs: with the
    Hessian of cross entropy ``diag(p) - p p^T = B B^T`` and random signs ``s``, the expected
    square of the gradient of ``outputs . (B s)`` is that diagonal. Unlike products with the whole
    Hessian it needs no second backward pass, so it works through every kernel of attention.

    Reference:
        LeCun et al., Optimal Brain Damage, NIPS 1989. For the probes, Martens et al., Estimating
        the Hessian by Back-propagating Curvature, arXiv:1206.6464.
    """

    name = "obd"
    title = "Optimal Brain Damage"
    reference = "LeCun et al., NIPS 1989"
    factor = 0.5

    def channel_scores(self, channels: Channels, evidence: Evidence) -> Mapping[str, np.ndarray]:
        return unit_norms(super().channel_scores(channels, evidence))

    def gather(self, channels: Channels, sample: TrainingSample) -> Evidence:
        return Evidence(weights=mean_squares(_probed(channels, sample)))


def _probed(channels: Channels, sample: TrainingSample) -> Iterator[Gradients]:
    random = torch.Generator().manual_seed(channels.seed)
    for inputs, _ in sample.batches():
        outputs = class_scores(channels.module(inputs))
        probabilities = outputs.detach().softmax(1)
        for probe in range(PROBES):
            signs = torch.randint(0, 2, outputs.shape, generator=random).to(outputs) * 2 - 1
            direction = curvature_factor(probabilities, signs) / len(inputs) ** 0.5
            last = probe == PROBES - 1
            yield gradients((outputs * direction).sum(), channels, again=not last)


def curvature_factor(probabilities: Tensor, signs: Tensor) -> Tensor:
    """``B s``, where ``B B^T`` is the Hessian of cross entropy by the class scores.

    ``B = diag(sqrt p) - p sqrt(p)^T``, row by row.

    Args:
        probabilities: Softmax of the class scores, shape ``(B, classes, ...)``.
        signs: The same shape.
    """
    scaled = probabilities.sqrt() * signs
    return scaled - probabilities * scaled.sum(dim=1, keepdim=True)


def class_scores(outputs: object) -> Tensor:
    """The class scores ``(B, classes, ...)`` among a model's outputs: the main head's.

    Raises:
        CriterionError: If there are none, or they are not finite.
    """
    main = outputs[0] if isinstance(outputs, tuple | list) and outputs else outputs
    if not isinstance(main, Tensor) or main.dim() < 2:
        raise CriterionError(
            "the curvature of cross entropy needs class scores of shape (B, classes), got "
            f"{tuple(main.shape) if isinstance(main, Tensor) else type(main).__name__}. Use "
            "another criterion, such as 'fisher'."
        )
    if not bool(main.isfinite().all()):
        raise CriterionError(
            "class scores must be finite numbers, got NaN or infinite ones on training data: no "
            "importance can be read off them. Check the data, or open an earlier checkpoint."
        )
    return main
