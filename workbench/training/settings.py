"""How to fine-tune: a frozen value, checked when it is made, with a JSON form."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.errors import TrainingError
from workbench.training.augmentation import AUGMENTATIONS
from workbench.training.constraints import (
    Choice,
    Number,
    Optional,
    Rising,
    Switch,
    Whole,
    check_names,
    read_settings,
    setting,
)
from workbench.training.devices import DEVICES
from workbench.training.optimizers import OPTIMIZERS
from workbench.training.precision import PRECISIONS
from workbench.training.regularization import REGULARIZERS
from workbench.training.schedules import SCHEDULES, WARMS_UP_ITSELF


@dataclass(frozen=True)
class FinetuneSettings:
    """How to train.

    Attributes:
        epochs: Passes over the training data.
        optimizer: ``"adamw"`` (Loshchilov and Hutter, arXiv:1711.05101) or ``"sgd"``.
        learning_rate: The schedule's highest.
        momentum, nesterov: Of SGD; AdamW has its own.
        weight_decay: Of all parameters; decoupled under AdamW.
        schedule: ``"one-cycle"`` (Smith and Topin, arXiv:1708.07120), ``"cosine"`` (Loshchilov and
            Hutter, arXiv:1608.03983), ``"multi-step"`` or ``"constant"``.
        warmup_epochs: Over which the rate rises from 0; one-cycle rises by itself.
        milestones: Epochs after which ``"multi-step"`` multiplies the rate by `milestone_factor`;
            none stand for a half and three quarters of all epochs.
        milestone_factor: What it multiplies by.
        batch_size: Inputs per step; if that is more than there are, a batch is all of them.
        label_smoothing: Share of every label that is spread over all classes.
        augmentation: ``"none"``; ``"crop"``, which shifts images; ``"crop-flip"``, which mirrors
            half of them as well; or ``"standard"``: ``"crop-flip"`` for colour images, ``"crop"``
            for grey ones, which are digits and letters more often than not.
        mixed_precision: ``"off"``, or ``"auto"``: on GPUs that compute faster in 16 bits.
        gradient_clip_norm: Longest gradient, as the L2 norm over all parameters.
        target_accuracy: Stop at the first epoch with this validation accuracy, in (0, 1].
        patience: Stop after so many epochs in a row without a better validation accuracy.
        restore_best: End with the weights of the epoch with the best validation accuracy.
        distillation: Learn the dense model's answers as well (Hinton et al., arXiv:1503.02531).
        distillation_weight: Their share of the loss.
        distillation_temperature: By which class scores are divided, so that small ones count.
        regularization: What makes channels easy to remove later: ``"none"``, ``"bn-scale"`` (L1
            norm of batch-norm scales, Liu et al., arXiv:1708.06519) or ``"group-lasso"`` (L2 norm
            of everything that belongs to a channel, Wen et al., arXiv:1608.03665).
        regularization_strength: What that is multiplied by before it joins the loss.
        device: Where to compute: ``"cpu"``, ``"cuda"``, ``"mps"``, or ``"auto"`` for the fastest.
        seed: Order of the training data, dropout and augmentation.

    Raises:
        TrainingError: If a setting is out of range, or two do not go together.
    """

    epochs: int = setting(3, Whole(1), "Use 3, for example.")
    optimizer: str = setting("adamw", Choice(tuple(OPTIMIZERS)), "Use 'adamw' if in doubt.")
    learning_rate: float = setting(
        3e-3, Number(above=0), "0.003 suits 'adamw', 0.05 suits 'sgd'; raise or lower from there."
    )
    momentum: float = setting(0.9, Number(least=0, below=1), "Use 0.9, or 0 for none.")
    nesterov: bool = setting(True, Switch(), "Use True, for example.")
    weight_decay: float = setting(1e-4, Number(least=0), "To decay nothing use 0.")
    schedule: str = setting("one-cycle", Choice(tuple(SCHEDULES)), "Use 'one-cycle' if in doubt.")
    warmup_epochs: float = setting(0.0, Number(least=0), "For no warm-up use 0.")
    milestones: tuple[int, ...] = setting((), Rising(1), "Use for example (15, 25).")
    milestone_factor: float = setting(0.1, Number(above=0, most=1), "Use 0.1, for example.")
    batch_size: int = setting(32, Whole(2), "Use 32, for example.")
    label_smoothing: float = setting(0.0, Number(least=0, below=1), "For none use 0.")
    augmentation: str = setting("none", Choice(tuple(AUGMENTATIONS)), "If in doubt use 'standard'.")
    mixed_precision: str = setting("off", Choice(PRECISIONS), "Use 'auto' on a GPU.")
    gradient_clip_norm: float | None = setting(
        None, Optional(Number(above=0)), "For no clipping use None."
    )
    target_accuracy: float | None = setting(
        None, Optional(Number(above=0, most=1)), "To train all epochs use None."
    )
    patience: int | None = setting(None, Optional(Whole(1)), "To train all epochs use None.")
    restore_best: bool = setting(
        False, Switch(), "Use True for the best epoch, False for the last."
    )
    distillation: bool = setting(False, Switch(), "True learns from the dense model as well.")
    distillation_weight: float = setting(
        0.5, Number(above=0, most=1), "For no distillation use distillation=False."
    )
    distillation_temperature: float = setting(4.0, Number(above=0), "Use 4, for example.")
    regularization: str = setting("none", Choice(tuple(REGULARIZERS)), "If in doubt use 'none'.")
    regularization_strength: float = setting(
        1e-4, Number(above=0), "For no regularization use regularization='none'."
    )
    device: str = setting("cpu", Choice(DEVICES), "Use 'auto' for the fastest there is.")
    seed: int = setting(0, Whole(0), "Use 0, for example.")

    def __post_init__(self) -> None:
        read_settings(self, "fine-tuning")
        self._check_schedule()
        if self.optimizer == "sgd" and self.nesterov and self.momentum == 0:
            raise TrainingError(
                "momentum of fine-tuning must be above 0 for Nesterov's form, got 0. Use "
                "nesterov=False, or momentum=0.9."
            )

    def to_json(self) -> dict[str, Any]:
        """Plain data; `from_json` gives equal settings back."""
        return {**dataclasses.asdict(self), "milestones": list(self.milestones)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "FinetuneSettings":
        """The inverse of `to_json`; what is left out has its default.

        Raises:
            TrainingError: If a setting is unknown or out of range.
        """
        check_names(cls, data, "fine-tuning")
        return cls(**data)

    def _check_schedule(self) -> None:
        if self.schedule in WARMS_UP_ITSELF and self.warmup_epochs > 0:
            raise TrainingError(
                f"warmup_epochs of fine-tuning must be 0 for schedule {self.schedule!r}, got "
                f"{self.warmup_epochs:g}: its rate rises by itself. Leave it out, or use schedule="
                "'cosine'."
            )
        if self.warmup_epochs >= self.epochs:
            raise TrainingError(
                f"warmup_epochs of fine-tuning must be below its {self.epochs} epochs, got "
                f"{self.warmup_epochs:g}. Warm up for less, or train for longer."
            )
        if self.milestones and self.milestones[-1] >= self.epochs:
            raise TrainingError(
                f"milestones of fine-tuning must be below its {self.epochs} epochs, got "
                f"{self.milestones[-1]}. Leave them out for a half and three quarters, or train "
                "for longer."
            )
