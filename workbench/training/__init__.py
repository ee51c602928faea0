"""Recovery training: bring back the accuracy that pruning cost."""

from workbench.training.holding import MaskSchedule, TensorMasks
from workbench.training.loop import finetune
from workbench.training.outcome import EpochResult, TrainingOutcome
from workbench.training.settings import FinetuneSettings
from workbench.training.state import TrainingState

__all__ = [
    "EpochResult",
    "FinetuneSettings",
    "MaskSchedule",
    "TensorMasks",
    "TrainingOutcome",
    "TrainingState",
    "finetune",
]
