"""Recovery training: bring back the accuracy that pruning cost."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workbench.data.dataset import Dataset
from workbench.errors import TrainingError
from workbench.events import BatchTrained, EpochTrained, Event, TrainingStarted
from workbench.masks import Masks, apply_masks
from workbench.measure.accuracy import evaluate
from workbench.modes import evaluation_mode
from workbench.progress import SILENT, Monitor


@dataclass(frozen=True)
class FinetuneSettings:
    """How to train.

    Attributes:
        epochs: Passes over the training data.
        learning_rate: Peak of a one-cycle schedule (Smith and Topin, arXiv:1708.07120).
        batch_size: Inputs per step.
        weight_decay: AdamW's decoupled weight decay (arXiv:1711.05101).
        seed: Order of the training data.
    """

    epochs: int = 3
    learning_rate: float = 3e-3
    batch_size: int = 32
    weight_decay: float = 1e-4
    seed: int = 0

    def __post_init__(self) -> None:
        _check(self.epochs >= 1, "epochs", "at least 1", self.epochs)
        _check(self.batch_size >= 2, "batch_size", "at least 2", self.batch_size)
        finite = math.isfinite(self.learning_rate) and self.learning_rate > 0
        _check(finite, "learning_rate", "above 0 and finite", self.learning_rate)
        sound = math.isfinite(self.weight_decay) and self.weight_decay >= 0
        _check(sound, "weight_decay", "at least 0 and finite", self.weight_decay)


@dataclass(frozen=True)
class EpochResult:
    """Figures after one epoch; losses in nats, accuracy in [0, 1]."""

    training_loss: float
    validation_loss: float
    validation_accuracy: float


def finetune(
    module: nn.Module,
    dataset: Dataset,
    settings: FinetuneSettings,
    *,
    masks: Masks | None = None,
    report: Callable[[Event], None] = lambda event: None,
    monitor: Monitor = SILENT,
) -> tuple[EpochResult, ...]:
    """Train `module` in place on the training data, with cross entropy.

    Masked weights are set to zero again after every step, so that they stay removed.

    Args:
        module: Trained in place; its modes are restored.
        dataset: Its training split is learnt, its validation split measured after each epoch.
        settings: How to train.
        masks: Weights to hold at zero.
        report: Receives `TrainingStarted`, `BatchTrained` and `EpochTrained`.
        monitor: Told after every batch.

    Raises:
        TrainingError: If the loss is not a finite number, or the data is smaller than two.
        Cancelled: If the monitor says so; the module is then somewhere in between.
    """
    masks = masks or {}
    steps = _steps_per_epoch(len(dataset.train), settings.batch_size)
    optimizer = torch.optim.AdamW(
        [parameter for parameter in module.parameters() if parameter.requires_grad],
        settings.learning_rate,
        weight_decay=settings.weight_decay,
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, settings.learning_rate, total_steps=steps * settings.epochs + 1
    )
    order = torch.Generator().manual_seed(settings.seed)
    monitor.report(0, settings.epochs, "starting")
    report(TrainingStarted(settings.epochs))
    results = []
    with evaluation_mode(module):
        for epoch in range(settings.epochs):
            module.train()
            total = 0.0
            batches = dataset.train.batches(settings.batch_size, shuffle=order)
            for number, (inputs, labels) in zip(range(steps), batches, strict=False):
                loss = _step(module, inputs, labels, optimizer, masks)
                schedule.step()
                total += loss
                position = epoch + (number + 1) / steps
                report(BatchTrained(position, loss))
                monitor.report(position, settings.epochs, f"epoch {epoch + 1}/{settings.epochs}")
            validation = evaluate(module, dataset.validation)
            result = EpochResult(total / steps, validation.loss, validation.accuracy)
            results.append(result)
            report(EpochTrained(epoch + 1, total / steps, validation.loss, validation.accuracy))
    return tuple(results)


def _step(
    module: nn.Module,
    inputs: Tensor,
    labels: Tensor,
    optimizer: torch.optim.Optimizer,
    masks: Masks,
) -> float:
    optimizer.zero_grad(set_to_none=True)
    loss = F.cross_entropy(module(inputs), labels)
    value = float(loss.detach())
    if not math.isfinite(value):
        raise TrainingError(
            f"the training loss must be a finite number, got {value}. Nothing was committed; "
            "lower the learning rate."
        )
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    apply_masks(module, masks)
    return value


def _steps_per_epoch(inputs: int, batch_size: int) -> int:
    """Batches per epoch, without a last batch of one, which batch norm cannot take."""
    if inputs < 2:
        raise TrainingError(f"training needs at least 2 inputs, got {inputs}.")
    full, rest = divmod(inputs, batch_size)
    return full + (rest > 1)


def _check(sound: bool, setting: str, constraint: str, value: object) -> None:
    if not sound:
        raise TrainingError(f"{setting} of fine-tuning must be {constraint}, got {value}.")
