"""Accuracy and loss against pruning ratio, one unit at a time."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from itertools import chain
from pathlib import Path

from workbench.criteria import Evidence
from workbench.data.dataset import Dataset
from workbench.errors import DataError, PlanError, WorkerError
from workbench.plan import Plan
from workbench.progress import SILENT, Monitor
from workbench.pruned import PrunedModel
from workbench.recalibration import BATCHES, Recalibration
from workbench.sensitivity.adaptive import Adaptive
from workbench.sensitivity.cache import Cache, Entry
from workbench.sensitivity.fingerprint import context_of
from workbench.sensitivity.ledger import Ledger
from workbench.sensitivity.measuring import Measuring, Setting
from workbench.sensitivity.onnx_route import MEMORY_LIMIT_BYTES
from workbench.sensitivity.points import INTERPOLATED, MEASURED, Point, Sensitivity
from workbench.sensitivity.scored import ScoredModel
from workbench.sensitivity.strategies import Exact, Strategy
from workbench.sensitivity.targets import RATIOS, Target, checked_ratios, chosen_units
from workbench.sensitivity.workers import spread

STRATEGIES: Mapping[str, Callable[[], Strategy]] = {"exact": Exact, "adaptive": Adaptive}
"""The modes of a scan."""

Report = Callable[[Point], None]


def scan(
    model: PrunedModel,
    dataset: Dataset,
    plan: Plan,
    *,
    ratios: Sequence[float] = RATIOS,
    units: Sequence[str] | None = None,
    recalibrate: bool | int = False,
    mode: str = "exact",
    cache: Path | Cache | None = None,
    evidence: Evidence | None = None,
    exported: bytes | None = None,
    memory_limit_bytes: int = MEMORY_LIMIT_BYTES,
    executor: Executor | None = None,
    monitor: Monitor = SILENT,
    report: Report | None = None,
) -> Sensitivity:
    """Measure on the probe set what pruning each unit alone costs, at every ratio.

    What is pruned is exactly what `model.prune` would prune: whole groups, rounded as the plan
    rounds, starting from the model as it is now. The model is left untouched.

    Args:
        model: What is pruned.
        dataset: Its probe set is answered; training inputs are used to recalibrate.
        plan: Granularity, criterion, rounding, seed. Its ratios, locks and bounds do not matter.
        ratios: Fractions of the dense model's count, in (0, 1).
        units: Units to scan; all that can be pruned by default.
        recalibrate: Whether batch-norm statistics are estimated again on training batches
            before every measurement, and on how many of 64 inputs (True: 8).
        mode: ``"exact"`` runs every point on every input; ``"adaptive"`` only the inputs whose
            answer may change, and says so in the points.
        cache: A directory in which figures are kept, or a `Cache`; a scan that was cancelled goes
            on there.
        evidence: What `model.gather` found, for criteria that need training data.
        exported: What `onnx_bytes` made of this very model, where that is at hand; it saves the
            seconds of an export.
        memory_limit_bytes: Most memory for intermediate values that are kept.
        executor: Whose workers measure, with the same outcome: a process pool, a thread pool,
            or a cluster's (``dask.distributed.Client(...).get_executor()``); this thread by
            default. Every worker has the memory limit for itself.
        monitor: Receives progress; may cancel. What was measured by then is in the cache, and
            went to `report`.
        report: Receives every point as soon as it is known.

    Raises:
        PlanError: If a ratio, a unit or the mode is not one that can be scanned.
        UnknownUnitError: If a unit does not exist.
        CriterionError: If the criterion does not exist or apply, or lacks evidence.
        DataError, ModelError: If the model does not fit the probe set, or that has one class only.
        WorkerError: If a worker dies for good, or cannot open the model.
        Cancelled: If the monitor was cancelled.
    """
    strategy = _strategy(mode)
    _check_executor(executor)
    _check_probe(dataset)
    grid, names = checked_ratios(ratios), chosen_units(model, plan, units)
    setting = Setting(
        ScoredModel.of(model, evidence),
        dataset.probe,
        _recalibration(dataset, recalibrate, plan.seed),
        strategy,
        memory_limit_bytes,
        exported,
    )
    context = context_of(setting.model, setting.probe, setting.recalibration)
    targets = [[Target.of(setting.model, plan, unit, ratio) for ratio in grid] for unit in names]
    points: list[Point] = []
    ledger = Ledger(context, Cache.open(cache, context), strategy)
    with Measuring(setting, ledger, monitor) as measuring:
        measuring.expect(targets)
        baseline = measuring.baseline()
        found = (
            chain.from_iterable(map(measuring.measure, targets))
            if executor is None
            else spread(measuring, executor, targets)
        )
        for target, entry in found:
            points.append(_point(target, entry))
            if report is not None:
                report(points[-1])
    points.sort(key=lambda point: (names.index(point.unit), point.ratio))
    return Sensitivity(mode, plan.granularity, baseline, tuple(points), dict(measuring.notes))


def _point(target: Target, entry: Entry) -> Point:
    figures = entry.figures
    return Point(
        unit=target.unit,
        ratio=target.ratio,
        achieved=target.achieved,
        kept=target.kept,
        size=target.size,
        accuracy=figures.accuracy,
        loss=figures.loss,
        inputs=figures.inputs,
        run_inputs=entry.ran,
        source=MEASURED if entry.ran == figures.inputs else INTERPOLATED,
        route=entry.route,
        divergence=figures.divergence,
    )


def _check_probe(dataset: Dataset) -> None:
    present = list(set(dataset.probe.labels.tolist()))
    if len(present) == 1 and len(dataset.classes) > 1:
        raise DataError(
            "the probe set of a scan must hold at least 2 classes, got only "
            f"{dataset.classes[present[0]]!r} in {len(dataset.probe)} inputs: a network that "
            "always answers that would count as perfect. Give validation data of all classes."
        )


def _check_executor(executor: object) -> None:
    if executor is not None and not isinstance(executor, Executor):
        raise WorkerError(
            "executor of a scan must be a concurrent.futures.Executor, got a "
            f"{type(executor).__name__}. Use ProcessPoolExecutor(), for example, or get_executor() "
            "of a dask.distributed.Client."
        )


def _recalibration(dataset: Dataset, recalibrate: bool | int, seed: int) -> Recalibration | None:
    if recalibrate is False:
        return None
    batches = BATCHES if recalibrate is True else recalibrate
    return Recalibration.from_split(dataset.train, batches, seed)


def _strategy(mode: str) -> Strategy:
    if mode not in STRATEGIES:
        raise PlanError(
            f"mode of a scan must be one of {', '.join(STRATEGIES)}; got {mode!r}. Exact measures "
            "every point."
        )
    return STRATEGIES[mode]()
