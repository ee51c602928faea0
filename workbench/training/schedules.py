"""Learning-rate schedules by name: a new one is one function and one line here."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR

if TYPE_CHECKING:
    from workbench.training.settings import FinetuneSettings

Schedule = Callable[[Optimizer, "FinetuneSettings", int], LRScheduler]
"""From an optimizer, the settings and the steps per epoch to what is stepped after every step."""

DEFAULT_MILESTONES = (0.5, 0.75)
"""Shares of all epochs, as in He et al., arXiv:1512.03385, section 4.2."""


def cosine_factor(*, epoch: float, epochs: int) -> float:
    """``(1 + cos(pi epoch / epochs)) / 2``: from 1 to 0.

    Reference:
        Loshchilov and Hutter, SGDR, arXiv:1608.03983.
    """
    return (1 + math.cos(math.pi * epoch / epochs)) / 2


def multi_step_factor(*, epoch: float, milestones: tuple[float, ...], factor: float) -> float:
    """``factor ** n``, where n milestones have been reached."""
    reached: int = sum(epoch >= milestone for milestone in milestones)
    return float(factor**reached)


def warmup_factor(*, epoch: float, warmup_epochs: float, steps_per_epoch: int) -> float:
    """``(step + 1) / steps of warm-up``, at most 1: no step is wasted on a rate of 0."""
    steps = max(1.0, warmup_epochs * steps_per_epoch)
    return min(1.0, (epoch * steps_per_epoch + 1) / steps)


def _one_cycle(optimizer: Optimizer, settings: "FinetuneSettings", steps: int) -> LRScheduler:
    return OneCycleLR(
        optimizer,
        settings.learning_rate,
        total_steps=steps * settings.epochs + 1,  # it is stepped after the last step as well
        # AdamW has no momentum setting that this could contradict.
        cycle_momentum="betas" in optimizer.defaults,
    )


def _by_factor(factor_at: Callable[[float, "FinetuneSettings"], float]) -> Schedule:
    def schedule(optimizer: Optimizer, settings: "FinetuneSettings", steps: int) -> LRScheduler:
        def factor(step: int) -> float:
            epoch = step / steps
            rising = warmup_factor(
                epoch=epoch, warmup_epochs=settings.warmup_epochs, steps_per_epoch=steps
            )
            return rising * factor_at(epoch, settings)

        return LambdaLR(optimizer, factor)

    return schedule


def _cosine(epoch: float, settings: "FinetuneSettings") -> float:
    return cosine_factor(epoch=epoch, epochs=settings.epochs)


def _multi_step(epoch: float, settings: "FinetuneSettings") -> float:
    usual = tuple(share * settings.epochs for share in DEFAULT_MILESTONES)
    return multi_step_factor(
        epoch=epoch,
        milestones=settings.milestones or usual,
        factor=settings.milestone_factor,
    )


def _constant(epoch: float, settings: "FinetuneSettings") -> float:
    return 1.0


SCHEDULES: dict[str, Schedule] = {
    "one-cycle": _one_cycle,
    "cosine": _by_factor(_cosine),
    "multi-step": _by_factor(_multi_step),
    "constant": _by_factor(_constant),
}

WARMS_UP_ITSELF = ("one-cycle",)
"""Schedules whose rate rises at first in any case."""
