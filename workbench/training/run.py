"""A training run under way: a copy of the module on its device, and everything that trains it."""

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from workbench.criteria.subject import Channels
from workbench.data.dataset import Dataset
from workbench.errors import CriterionError, ModelError, TrainingError
from workbench.events import Event
from workbench.masks import Masks
from workbench.measure.accuracy import Evaluation, evaluate
from workbench.progress import Monitor, Part
from workbench.training.augmentation import Augmentation, augmentation_for
from workbench.training.batch_losses import BatchLosses, Diverged
from workbench.training.devices import device_named
from workbench.training.holding import Held, MaskSchedule, TensorMasks, tensor_masks
from workbench.training.objective import Objective
from workbench.training.optimizers import OPTIMIZERS
from workbench.training.outcome import EpochResult
from workbench.training.precision import Precision
from workbench.training.randomness import random_state, set_random_state
from workbench.training.regularization import penalty_for
from workbench.training.schedules import SCHEDULES
from workbench.training.settings import FinetuneSettings
from workbench.training.snapshot import Snapshot
from workbench.training.state import TrainingState


@dataclass(frozen=True, eq=False)
class Setting:
    """What is trained, on what, and how; as `finetune` was given it."""

    module: nn.Module
    dataset: Dataset
    settings: FinetuneSettings
    masks: Masks
    mask_schedule: MaskSchedule | None
    teacher: nn.Module | None
    channels: Channels | None


class Run:
    """Trains a copy; the given module is never touched.

    Raises:
        TrainingError: If the device is missing, the data is smaller than two, the module has
            nothing to train, or a setting does not suit module or data.
    """

    def __init__(self, setting: Setting) -> None:
        settings, dataset = setting.settings, setting.dataset
        self.settings, self._dataset = settings, dataset
        self.steps = steps_per_epoch(len(dataset.train), settings.batch_size)
        self.device = device_named(settings.device)
        self._augment = augmentation_for(settings.augmentation, dataset)
        self.module = _copied(setting.module, self.device)
        self._objective = _objective(setting, self.module, self.device)
        self._parameters = _trained(self.module)
        self._optimizer = OPTIMIZERS[settings.optimizer](self._parameters, settings)
        self._schedule = SCHEDULES[settings.schedule](self._optimizer, settings, self.steps)
        self._precision = Precision.of(settings.mixed_precision, self.device)
        self._scaler = self._precision.scaler()
        self._order = torch.Generator().manual_seed(settings.seed)
        self._held = Held(self.module, tensor_masks(setting.masks))
        self._mask_schedule = setting.mask_schedule
        self._scheduled = Held(self.module, {})

    @property
    def augmentation(self) -> Augmentation | None:
        """What is done to training images."""
        return self._augment

    @property
    def precision(self) -> Precision:
        """How numbers are held in forward passes."""
        return self._precision

    def begin(self) -> None:
        """Put the masks in force that hold before the first step."""
        self._hold(0.0)

    def train(self, epoch: int, report: Callable[[Event], None], monitor: Monitor) -> EpochResult:
        """Train one epoch, numbered from 0, and measure it.

        Raises:
            Diverged: If losses, outputs or weights are no finite numbers any more.
            Cancelled: If the monitor says so.
        """
        epochs = self.settings.epochs
        losses = BatchLosses.on(self.device, report)
        self.module.train()
        batches = self._dataset.train.batches(self.settings.batch_size, shuffle=self._order)
        rate = 0.0
        for number, (inputs, labels) in zip(range(self.steps), batches, strict=False):
            rate = self._optimizer.param_groups[0]["lr"]
            loss = self._step(inputs, labels)
            position = epoch + (number + 1) / self.steps
            losses.add(position, rate, loss)
            self._hold(position)
            monitor.report(position, epochs, f"epoch {epoch + 1}/{epochs}")
        losses.read()
        here = Part(monitor, epoch + 1, epoch + 1, epochs)  # so that it can be cancelled
        found = self._validate(here)
        return EpochResult(losses.mean, found.loss, found.accuracy, rate)

    def snapshot(self, epoch: int) -> Snapshot:
        """The weights and masks as they are, after so many epochs."""
        masks = {} if self._mask_schedule is None else self._mask_schedule.state()
        return Snapshot.of(epoch, self.module, masks)

    def state(
        self, results: Sequence[EpochResult], last: Snapshot, best: Snapshot | None
    ) -> TrainingState:
        """Everything that going on later takes; nothing in it changes when this run goes on."""
        return TrainingState(
            settings=self.settings,
            results=tuple(results),
            last=last,
            best=best,
            optimizer=_on_cpu(self._optimizer.state_dict()),
            schedule=_on_cpu(self._schedule.state_dict()),
            scaler=_on_cpu(self._scaler.state_dict()),
            random=random_state(self.device),
            order=self._order.get_state(),
        )

    def resume(self, state: TrainingState) -> None:
        """Go on where another run was."""
        state.last.write_to(self.module)
        self._optimizer.load_state_dict(_on_cpu(state.optimizer))
        self._schedule.load_state_dict(_on_cpu(state.schedule))
        if self._scaler.is_enabled():
            self._scaler.load_state_dict(_on_cpu(state.scaler))
        set_random_state(state.random, self.device)
        self._order.set_state(state.order)
        self.restore_masks(state.last)

    def restore_masks(self, snapshot: Snapshot) -> None:
        """Put the mask schedule where it was at a snapshot."""
        if self._mask_schedule is not None:
            masks = self._mask_schedule.restore(snapshot.masks, self.module)
            self._scheduled = Held(self.module, masks)

    def _step(self, inputs: Tensor, labels: Tensor) -> Tensor:
        if self._augment is not None:
            inputs = self._augment(inputs, self._order)
        inputs = inputs.to(self.device, non_blocking=True)
        labels = labels.to(self.device, non_blocking=True)
        self._optimizer.zero_grad(set_to_none=True)
        with self._precision.autocast():
            loss = self._objective(self.module, inputs, labels)
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        if self.settings.gradient_clip_norm is not None:
            self._scaler.unscale_(self._optimizer)
            nn.utils.clip_grad_norm_(self._parameters, self.settings.gradient_clip_norm)
        self._scaler.step(self._optimizer)
        self._scaler.update()
        self._schedule.step()
        return loss.detach()

    def _hold(self, position: float) -> None:
        """Set what is removed at a position to zero."""
        self._held.apply()
        if self._mask_schedule is not None:
            if (masks := self._scheduled_masks(self._mask_schedule, position)) is not None:
                self._scheduled = Held(self.module, masks)
            self._scheduled.apply()

    def _scheduled_masks(self, schedule: MaskSchedule, position: float) -> TensorMasks | None:
        try:
            return schedule.masks_at(position, self.module)
        except CriterionError:
            self._check_weights()  # if these are no numbers, the scores are not to blame
            raise

    def _check_weights(self) -> None:
        for name, parameter in self.module.named_parameters():
            if not bool(torch.isfinite(parameter.detach()).all()):
                raise Diverged(f"weights must be finite numbers, got others in {name!r}")

    def _validate(self, monitor: Monitor) -> Evaluation:
        self._check_weights()
        try:
            found = evaluate(
                self.module, self._dataset.validation, device=self.device, monitor=monitor
            )
        except ModelError as error:
            raise Diverged(str(error).split(". ", maxsplit=1)[0]) from error
        if not math.isfinite(found.loss):
            raise Diverged(f"the validation loss must be a finite number, got {found.loss}")
        return found


def steps_per_epoch(inputs: int, batch_size: int) -> int:
    """Batches per epoch, without a last batch of one, which batch norm cannot take.

    Raises:
        TrainingError: If there are fewer than two inputs.
    """
    if inputs < 2:
        raise TrainingError(
            f"training needs at least 2 inputs, got {inputs}. Check how the data was divided."
        )
    full, rest = divmod(inputs, batch_size)
    return full + (rest > 1)


def _copied(module: nn.Module, device: torch.device) -> nn.Module:
    copied = copy.deepcopy(module).to(device)
    copied.zero_grad(set_to_none=True)
    return copied


def _objective(setting: Setting, module: nn.Module, device: torch.device) -> Objective:
    settings, teacher = setting.settings, setting.teacher
    if settings.distillation and teacher is None:
        raise TrainingError(
            "distillation needs a teacher, got None. Pass finetune(..., teacher=dense_module), or "
            "use distillation=False; a session takes the model as it was opened."
        )
    used = (
        _copied(teacher, device).eval() if teacher is not None and settings.distillation else None
    )
    return Objective(settings, used, penalty_for(settings.regularization, module, setting.channels))


def _trained(module: nn.Module) -> list[nn.Parameter]:
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    if not trained:
        raise TrainingError(
            "training needs at least 1 parameter that requires a gradient, got 0: all are frozen. "
            "Call module.requires_grad_() before opening the model."
        )
    return trained


def _on_cpu(state: Any) -> Any:
    """A copy of nested plain data and tensors, all tensors on the CPU."""
    if isinstance(state, Tensor):
        return state.detach().to("cpu", copy=True)
    if isinstance(state, Mapping):
        return {key: _on_cpu(value) for key, value in state.items()}
    if isinstance(state, list | tuple):
        return type(state)(_on_cpu(value) for value in state)
    return state
