"""Prune while training: from a model and a plan to the pruned, trained model."""

import copy
from collections.abc import Callable

from torch import nn

from workbench.data.dataset import Dataset
from workbench.events import Event
from workbench.gradual.masks import GradualMasks
from workbench.gradual.settings import GradualSettings
from workbench.plan import Plan
from workbench.progress import SILENT, Monitor
from workbench.pruned import PrunedModel
from workbench.selection import UnitResult
from workbench.training import FinetuneSettings, TrainingOutcome, TrainingState, finetune


def prune_gradually(
    model: PrunedModel,
    plan: Plan,
    dataset: Dataset,
    settings: FinetuneSettings,
    gradual: GradualSettings | None = None,
    *,
    teacher: nn.Module | None = None,
    resume: TrainingState | None = None,
    checkpoint: Callable[[TrainingState], None] | None = None,
    report: Callable[[Event], None] = lambda event: None,
    monitor: Monitor = SILENT,
) -> tuple[PrunedModel, tuple[UnitResult, ...], TrainingOutcome]:
    """Train a model while a plan is carried out on it; what is masked is removed in the end.

    Args:
        model: Left as it is.
        plan: What is to be removed in the end; channels or weights.
        dataset: What is learnt.
        settings: How to train.
        gradual: When to prune; by default cubic, over the first three quarters.
        teacher, resume, checkpoint, report, monitor: As for `finetune`.

    Returns:
        The pruned model; request, outcome and reason for every unit; what came of the training.

    Raises:
        PlanError, UnknownUnitError, CriterionError: If the plan does not fit the model.
        TrainingError, Cancelled: As for `finetune`.

    Reference:
        Zhu and Gupta, To prune, or not to prune: exploring the efficacy of pruning for model
        compression, arXiv:1710.01878.
    """
    masks = GradualMasks(model, plan, gradual or GradualSettings(), settings.epochs, dataset.train)
    module = copy.deepcopy(model.module)
    outcome = finetune(
        module,
        dataset,
        settings,
        masks=model.masks,
        mask_schedule=masks,
        teacher=teacher,
        channels=model.channels_left(),
        resume=resume,
        checkpoint=checkpoint,
        report=report,
        monitor=monitor,
    )
    return masks.pruned(module), masks.results, outcome
