"""When training ends early, and which epoch's weights it ends with; decided by results alone."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.training.outcome import EpochResult

if TYPE_CHECKING:
    from workbench.training.settings import FinetuneSettings

TARGET, PATIENCE, DIVERGED = "target", "patience", "diverged"


def best_epoch(results: Sequence[EpochResult], first: int = 1) -> int:
    """The epoch, from 1, with the highest validation accuracy; of equal ones, the first.

    Args:
        results: Of all epochs so far.
        first: Earlier epochs do not count, unless there are no others.
    """
    counted = range(min(first, len(results)), len(results) + 1)
    return max(counted, key=lambda epoch: (results[epoch - 1].validation_accuracy, -epoch))


def why_stop(results: Sequence[EpochResult], settings: "FinetuneSettings", first: int = 1) -> str:
    """``"target"`` or ``"patience"`` if training should end here; empty if not.

    Args:
        results: Of all epochs so far.
        settings: What to reach, and how long to wait.
        first: Earlier epochs do not count.
    """
    if len(results) < first:
        return ""
    target = settings.target_accuracy
    if target is not None and results[-1].validation_accuracy >= target:
        return TARGET
    waited = len(results) - best_epoch(results, first)
    return PATIENCE if settings.patience is not None and waited >= settings.patience else ""


def first_that_counts(settled: float) -> int:
    """The first epoch, from 1, that ends when masks have settled; `settled` counts in epochs."""
    return max(1, math.ceil(settled))
