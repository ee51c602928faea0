"""What a person should know of a training run, in sentences."""

from collections.abc import Sequence

from workbench.training.outcome import EpochResult
from workbench.training.run import Run
from workbench.training.settings import FinetuneSettings
from workbench.training.stopping import DIVERGED, PATIENCE, TARGET


def notes_on(
    settings: FinetuneSettings,
    run: Run,
    inputs: int,
    results: Sequence[EpochResult],
    epoch: int,
    stopped: str,
    trouble: str,
) -> tuple[str, ...]:
    """Sentences on how a run went, where it did not simply do what was asked.

    Args:
        settings: What was asked for.
        run: The run.
        inputs: How many training inputs there are.
        results: Of every epoch that was completed.
        epoch: Whose weights are kept.
        stopped: Why it ended early, or empty.
        trouble: How it diverged, or empty.
    """
    notes = []
    if settings.batch_size > inputs:
        notes.append(
            f"batch_size {settings.batch_size} is more than the {inputs} training inputs there "
            "are: every epoch was a single batch."
        )
    if run.augmentation is not None:
        notes.append(f"Each time they were seen, {run.augmentation.words}.")
    if settings.mixed_precision != "off" and run.precision.dtype is None:
        notes.append(
            f"Mixed precision gains nothing on device {run.device.type!r}: computed in full."
        )
    if stopped:
        notes.append(_why_stopped(settings, results, stopped, trouble))
    if epoch != len(results):
        accuracy = results[epoch - 1].validation_accuracy
        notes.append(
            f"The weights are those of epoch {epoch} of {len(results)}, the best: its validation "
            f"accuracy was {accuracy:.2%}."
        )
    return tuple(notes)


def _why_stopped(
    settings: FinetuneSettings, results: Sequence[EpochResult], stopped: str, trouble: str
) -> str:
    done = len(results)
    if stopped == TARGET:
        return (
            f"Stopped after epoch {done} of {settings.epochs}: a validation accuracy of "
            f"{results[-1].validation_accuracy:.2%} reaches the target of "
            f"{settings.target_accuracy:.2%}."
        )
    if stopped == PATIENCE:
        return (
            f"Stopped after epoch {done} of {settings.epochs}: no better validation accuracy for "
            f"{settings.patience} epoch{'' if settings.patience == 1 else 's'}."
        )
    assert stopped == DIVERGED
    return (
        f"Training diverged in epoch {done + 1}: {trouble}. Everything since epoch {done} was "
        "undone; lower the learning rate."
    )
