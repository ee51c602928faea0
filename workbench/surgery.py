"""Prune a network's channels in one call, without a session."""

from torch import Tensor, nn

from workbench.anatomy import Anatomy
from workbench.criteria import criterion_named
from workbench.criteria.evidence import Batches
from workbench.errors import DataError, ModelError, PlanError
from workbench.plan import Plan
from workbench.progress import SILENT, Monitor
from workbench.pruned import PrunedModel
from workbench.selection import UnitResult


def prune_channels(
    module: nn.Module,
    example_input: Tensor,
    *,
    ratio: float = 0.5,
    criterion: str = "l1",
    plan: Plan | None = None,
    data: Batches | None = None,
    monitor: Monitor = SILENT,
) -> tuple[nn.Module, tuple[UnitResult, ...]]:
    """Remove channels for real; the given module is left as it is.

    Args:
        module: Any module that runs on an input batch.
        example_input: An input batch, shape ``(B, ...)``.
        ratio: Fraction of every prunable unit to remove, in [0, 1).
        criterion: Rule that ranks channels.
        plan: Instead of `ratio` and `criterion`: a channel plan.
        data: Training batches ``(inputs, labels)`` in random order, such as a DataLoader, for
            criteria that need them; at most 256 inputs are read.
        monitor: Receives progress and may cancel.

    Returns:
        A new, smaller module of the same class, and request, outcome and reason for every unit.

    Raises:
        ModelError: If the module cannot be traced or run.
        PlanError: If the plan does not fit the module.
        CriterionError: If there is no such criterion, or it does not apply to the module.
        DataError: If the criterion needs data and there is none.
    """
    plan = plan or Plan(ratio=ratio, criterion=criterion)
    if plan.granularity != "channel":
        raise PlanError(
            f"granularity of a plan for prune_channels must be 'channel', got "
            f"{plan.granularity!r}. Use a Session for weight pruning."
        )
    if data is None and criterion_named(plan.criterion).needs_data:
        raise DataError(
            f"criterion {plan.criterion!r} of prune_channels needs training data, got data=None. "
            "Pass data=loader, batches of (inputs, labels), or use a criterion that needs none, "
            "such as 'l1'."
        )
    anatomy = Anatomy.of(module, example_input, monitor=monitor)
    if anatomy.trace_failure:
        raise ModelError(anatomy.trace_failure)
    dense = PrunedModel(anatomy, module)
    dense.check(plan)
    evidence = dense.gather(plan, data or (), monitor)
    pruned, results = dense.prune(plan, evidence)
    return pruned.module, results
