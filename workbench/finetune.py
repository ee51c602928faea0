"""Recovery training: bring back the accuracy that pruning cost."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workbench.data.dataset import Dataset
from workbench.errors import ModelError, TrainingError
from workbench.events import BatchTrained, EpochTrained, Event, TrainingStarted
from workbench.masks import Masks, apply_masks
from workbench.measure.accuracy import Evaluation, evaluate
from workbench.modes import evaluation_mode
from workbench.progress import SILENT, Monitor, Part

AUXILIARY_WEIGHT = 0.3


@dataclass(frozen=True)
class FinetuneSettings:
    """How to train.

    Attributes:
        epochs: Passes over the training data.
        learning_rate: Peak of a one-cycle schedule (Smith and Topin, arXiv:1708.07120).
        batch_size: Inputs per step.
        weight_decay: AdamW's decoupled weight decay (arXiv:1711.05101).
        seed: Order of the training data, dropout and augmentation.
    """

    epochs: int = 3
    learning_rate: float = 3e-3
    batch_size: int = 32
    weight_decay: float = 1e-4
    seed: int = 0

    def __post_init__(self) -> None:
        _check(_whole(self.epochs, 1), "epochs", "a whole number of at least 1", self.epochs)
        _check(
            _whole(self.batch_size, 2),
            "batch_size",
            "a whole number of at least 2",
            self.batch_size,
        )
        rate, decay = self.learning_rate, self.weight_decay
        _check(_finite(rate) and rate > 0, "learning_rate", "above 0 and finite", rate)
        _check(_finite(decay) and decay >= 0, "weight_decay", "at least 0 and finite", decay)
        _check(_whole(self.seed, 0), "seed", "a whole number of at least 0", self.seed)


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
        TrainingError: If the loss is not a finite number, the data is smaller than two, or the
            module has nothing to train.
        Cancelled: If the monitor says so; the module is then somewhere in between.
    """
    masks = masks or {}
    steps = _steps_per_epoch(len(dataset.train), settings.batch_size)
    optimizer, schedule = _optimizer(module, settings, steps)
    order = torch.Generator().manual_seed(settings.seed)
    monitor.report(0, settings.epochs, "starting")
    report(TrainingStarted(settings.epochs))
    results = []
    # Dropout and augmentation draw from torch's own generator, which belongs to the user.
    with evaluation_mode(module), torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
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
            here = Part(
                monitor, epoch + 1, epoch + 1, settings.epochs
            )  # so that it can be cancelled
            validation = _validate(module, dataset, here)
            result = EpochResult(total / steps, validation.loss, validation.accuracy)
            results.append(result)
            report(EpochTrained(epoch + 1, total / steps, validation.loss, validation.accuracy))
    module.zero_grad(set_to_none=True)  # or every step of a history would carry its gradients
    return tuple(results)


def _optimizer(
    module: nn.Module, settings: FinetuneSettings, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    if not trained:
        raise TrainingError(
            "training needs at least 1 parameter that requires a gradient, got 0: all are frozen. "
            "Call module.requires_grad_() before opening the model."
        )
    optimizer = torch.optim.AdamW(
        trained, settings.learning_rate, weight_decay=settings.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, settings.learning_rate, total_steps=steps * settings.epochs + 1
    )
    return optimizer, schedule


def _validate(module: nn.Module, dataset: Dataset, monitor: Monitor) -> Evaluation:
    try:
        return evaluate(module, dataset.validation, monitor=monitor)
    except ModelError as error:  # the last step of an epoch may be the one that diverged
        raise TrainingError(
            f"training diverged: {error} Nothing was committed; lower the learning rate."
        ) from error


def _step(
    module: nn.Module,
    inputs: Tensor,
    labels: Tensor,
    optimizer: torch.optim.Optimizer,
    masks: Masks,
) -> float:
    optimizer.zero_grad(set_to_none=True)
    loss = training_loss(module(inputs), labels)
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


def training_loss(outputs: Tensor | tuple[Tensor | None, ...], labels: Tensor) -> Tensor:
    """Cross entropy; of networks with auxiliary heads, theirs is added with a weight of 0.3.

    Args:
        outputs: Class scores ``(B, classes)``, or a tuple of them, the main head's first.
        labels: Shape ``(B,)``.

    Reference:
        Szegedy et al., Going Deeper with Convolutions, arXiv:1409.4842.
    """
    if isinstance(outputs, Tensor):
        return F.cross_entropy(outputs, labels)
    main, *others = [scores for scores in outputs if scores is not None]
    loss = F.cross_entropy(main, labels)
    for scores in others:
        loss = loss + AUXILIARY_WEIGHT * F.cross_entropy(scores, labels)
    return loss


def _steps_per_epoch(inputs: int, batch_size: int) -> int:
    """Batches per epoch, without a last batch of one, which batch norm cannot take."""
    if inputs < 2:
        raise TrainingError(f"training needs at least 2 inputs, got {inputs}.")
    full, rest = divmod(inputs, batch_size)
    return full + (rest > 1)


def _whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _finite(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value)  # type: ignore[arg-type]


def _check(sound: bool, setting: str, constraint: str, value: object) -> None:
    if not sound:
        raise TrainingError(f"{setting} of fine-tuning must be {constraint}, got {value!r}.")
