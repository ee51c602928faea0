"""Recovery training: bring back the accuracy that pruning cost."""

from collections.abc import Callable

from torch import nn

from workbench.criteria.subject import Channels
from workbench.data.dataset import Dataset
from workbench.errors import TrainingError
from workbench.events import EpochTrained, Event, TrainingStarted
from workbench.masks import Masks
from workbench.progress import SILENT, Monitor
from workbench.training.batch_losses import Diverged
from workbench.training.holding import MaskSchedule
from workbench.training.notes import notes_on
from workbench.training.outcome import EpochResult, TrainingOutcome
from workbench.training.randomness import own_randomness
from workbench.training.run import Run, Setting
from workbench.training.settings import FinetuneSettings
from workbench.training.snapshot import Snapshot
from workbench.training.state import TrainingState
from workbench.training.stopping import DIVERGED, best_epoch, first_that_counts, why_stop


def finetune(
    module: nn.Module,
    dataset: Dataset,
    settings: FinetuneSettings,
    *,
    masks: Masks | None = None,
    mask_schedule: MaskSchedule | None = None,
    teacher: nn.Module | None = None,
    channels: Channels | None = None,
    resume: TrainingState | None = None,
    checkpoint: Callable[[TrainingState], None] | None = None,
    report: Callable[[Event], None] = lambda event: None,
    monitor: Monitor = SILENT,
) -> TrainingOutcome:
    """Train a module on the training data.

    A copy is trained, on the device that the settings name; the module gets its weights when all
    is done, and stays as it is if anything goes wrong. Masked weights are set to zero again after
    every step, so that they stay removed.

    Args:
        module: Gets the trained weights; its modes stay as they are.
        dataset: Its training split is learnt, its validation split measured after each epoch.
        settings: How to train.
        masks: Weights to hold at zero.
        mask_schedule: What else to hold at zero, and when; epochs before it has settled count
            neither for early stopping nor as the best.
        teacher: Whose answers are learnt if the settings say so; left as it is.
        channels: The module's groups of channels, for group lasso.
        resume: Go on from there instead of from the module's weights.
        checkpoint: Receives the state after every epoch; going on from it gives, on a CPU, the
            same weights bit for bit.
        report: Receives `TrainingStarted`, `BatchTrained` and `EpochTrained`.
        monitor: Told after every batch.

    Raises:
        TrainingError: If settings, module and data do not go together, the device is missing, or
            training diverged before an epoch was completed.
        Cancelled: If the monitor says so.
    """
    run = Run(Setting(module, dataset, settings, masks or {}, mask_schedule, teacher, channels))
    if resume is not None:
        resume.check(settings, module, gradual=mask_schedule is not None)
    settled = 0.0 if mask_schedule is None else mask_schedule.settled
    kept = _Kept(settings, first_that_counts(settled))
    monitor.report(0 if resume is None else resume.epoch, settings.epochs, "starting")
    with own_randomness(settings.seed, run.device):
        if resume is None:
            run.begin()
        else:
            run.resume(resume)
            kept.resume(resume)
        report(TrainingStarted(settings.epochs, len(kept.results)))
        trouble = _train(run, kept, checkpoint, report, monitor)
    final = kept.final
    final.write_to(module)
    run.restore_masks(final)
    stopped = DIVERGED if trouble else kept.stopped
    notes = notes_on(settings, run, len(dataset.train), kept.results, final.epoch, stopped, trouble)
    return TrainingOutcome(tuple(kept.results), final.epoch, stopped, notes)


class _Kept:
    """Results so far, and the weights that the module may be given in the end."""

    def __init__(self, settings: FinetuneSettings, first: int) -> None:
        self._settings, self._first = settings, first
        self.results: list[EpochResult] = []
        self.last: Snapshot | None = None
        self.best: Snapshot | None = None

    @property
    def stopped(self) -> str:
        """Why training ended, or should end here; empty after the last epoch."""
        if len(self.results) == self._settings.epochs:
            return ""
        return why_stop(self.results, self._settings, self._first)

    @property
    def final(self) -> Snapshot:
        """What the module is given."""
        found = self.best or self.last
        assert found is not None
        return found

    def resume(self, state: TrainingState) -> None:
        self.results, self.last, self.best = list(state.results), state.last, state.best

    def add(self, result: EpochResult, snapshot: Snapshot) -> None:
        self.results.append(result)
        self.last = snapshot
        best = best_epoch(self.results, self._first)
        if self._settings.restore_best and best == len(self.results):
            self.best = snapshot


def _train(
    run: Run,
    kept: _Kept,
    checkpoint: Callable[[TrainingState], None] | None,
    report: Callable[[Event], None],
    monitor: Monitor,
) -> str:
    """Train until all epochs are done or something ends it; returns how it diverged, if it did."""
    while len(kept.results) < run.settings.epochs and not kept.stopped:
        epoch = len(kept.results)
        try:
            result = run.train(epoch, report, monitor)
        except Diverged as error:
            if not kept.results:
                raise TrainingError(
                    f"{error}: training diverged in its first epoch. Nothing was committed; lower "
                    f"the learning rate, which is {run.settings.learning_rate:g}."
                ) from error
            return str(error)
        snapshot = run.snapshot(epoch + 1)
        kept.add(result, snapshot)
        report(
            EpochTrained(
                epoch + 1,
                result.training_loss,
                result.validation_loss,
                result.validation_accuracy,
                result.learning_rate,
            )
        )
        if checkpoint is not None:
            checkpoint(run.state(kept.results, snapshot, kept.best))
    return ""
