"""How sensitive every unit is: measured on demand, point by point, kept for the current model."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from workbench.actions import ScanSensitivity
from workbench.data import Dataset
from workbench.events import ActionTaken, EventBus, PointMeasured
from workbench.plan import Plan
from workbench.progress import Monitor, Part
from workbench.pruned import PrunedModel
from workbench.sensitivity import Point, Sensitivity, scan
from workbench.sensitivity.cache import Cache
from workbench.sensitivity.points import points_from_json
from workbench.session.forecast import Forecast
from workbench.session.history import History
from workbench.session.onnx_files import OnnxFiles

NOTHING_KNOWN: Mapping[str, tuple[Point, ...]] = MappingProxyType({})


@dataclass(frozen=True)
class ScanSettings:
    """What a scan measures.

    Attributes:
        mode: ``"exact"`` measures every point in full; ``"adaptive"`` is faster.
        ratios: Fractions of the dense model's count, in (0, 1).
        units: Units to scan; None for all that can be pruned.
        recalibrate: Whether batch-norm statistics are estimated again before every measurement,
            and on how many batches of 64 (True: 8).
        executor: Whose workers measure; None for the engine thread.
    """

    mode: str
    ratios: Sequence[float]
    units: Sequence[str] | None
    recalibrate: bool | int
    executor: Executor | None = None

    @property
    def action(self) -> ScanSensitivity:
        """The same as a record; who measured makes no difference."""
        units = None if self.units is None else tuple(self.units)
        return ScanSensitivity(self.mode, tuple(self.ratios), units, self.recalibrate)


@dataclass
class _Found:
    """What is known of one model under one rule; `step_id` names the model on disk."""

    step_id: int
    model: PrunedModel
    rule: Plan
    plan: Plan
    points: dict[str, dict[float, Point]] = field(default_factory=dict)
    ordered: tuple[Any, Mapping[str, tuple[Point, ...]]] | None = None
    whole: Sensitivity | None = None
    recalibrated: bool = False

    def holds(self, unit: str, plan: Plan) -> bool:
        """Whether a plan picks the same channels of a unit by hand; others do not matter to it."""
        return self.plan.picks_of(unit) == plan.picks_of(unit)


class Sensing:
    """Scans, and keeps what the last one found; any thread may ask.

    Args:
        history: Whose current model is scanned.
        forecast: Knows the evidence of criteria that read training data.
        files: Exported models, which scans run if nothing is recalibrated.
        dataset: Its probe set is answered.
        bus: Told of every point.
        cache: Where figures are kept from one session to the next; None keeps them in memory.
    """

    def __init__(
        self,
        history: History,
        forecast: Forecast,
        files: OnnxFiles,
        dataset: Dataset,
        bus: EventBus,
        cache: Path | None,
    ) -> None:
        self._history, self._forecast, self._files = history, forecast, files
        self._dataset, self._bus = dataset, bus
        self._cache = Cache(None) if cache is None else cache
        self._lock = threading.Lock()
        self._found: _Found | None = None

    def scan(self, plan: Plan, settings: ScanSettings) -> Callable[[Monitor], Sensitivity]:
        """The work of a scan of the model that is current when it runs."""

        def work(monitor: Monitor) -> Sensitivity:
            model, start = self._history.model, Part(monitor, 0, 5, 100)
            evidence = self._forecast.evidence(model, plan, start)
            found = _Found(
                self._history.current.id,
                model,
                rule_of(plan),
                plan,
                recalibrated=bool(settings.recalibrate),
            )
            whole = scan(
                model,
                self._dataset,
                plan,
                mode=settings.mode,
                ratios=settings.ratios,
                units=settings.units,
                recalibrate=settings.recalibrate,
                executor=settings.executor,
                cache=self._cache,
                evidence=evidence,
                exported=None if settings.recalibrate else self._files.file_of(model, start),
                monitor=Part(monitor, 5, 100, 100),
                report=lambda point: self._keep(found, point),
            )
            with self._lock:
                self._found, found.whole = found, whole
            self._bus.emit(ActionTaken(settings.action, self._history.current.id))
            return whole

        return work

    def whole(self, plan: Plan) -> Sensitivity | None:
        """The outcome of the last scan, if it came to its end and fits the model and the plan."""
        with self._lock:
            found = self._fitting(plan)
            if found is None or found.whole is None:
                return None
            return found.whole if all(found.holds(u, plan) for u in found.points) else None

    def repicked(self, plan: Plan) -> tuple[str, ...]:
        """Units of which a plan picks other channels by hand than the last scan that fits did."""
        with self._lock:
            found = self._fitting(plan)
            if found is None or found.whole is None:
                return ()
            return tuple(unit for unit in found.whole.units if not found.holds(unit, plan))

    def recalibrated(self, plan: Plan) -> bool:
        """Whether the last scan that fits estimated batch-norm statistics again."""
        with self._lock:
            found = self._fitting(plan)
            return found is not None and found.recalibrated

    def points(self, plan: Plan) -> Mapping[str, tuple[Point, ...]]:
        """By unit, what is known so far, by rising ratio; the same object until more is known.

        A unit of which other channels were picked by hand since has no figures.
        """
        with self._lock:
            found = self._fitting(plan)
            if found is None:
                return NOTHING_KNOWN
            picks = plan.removed_channels, plan.kept_channels
            if found.ordered is None or found.ordered[0] != picks:
                ordered = {
                    unit: tuple(points[ratio] for ratio in sorted(points))
                    for unit, points in found.points.items()
                    if found.holds(unit, plan)
                }
                found.ordered = picks, ordered
            return found.ordered[1]

    def to_json(self) -> dict[str, Any] | None:
        """What the last scan found, as plain data; None without one."""
        with self._lock:
            found = self._found
            if found is None:
                return None
            return {
                "step_id": found.step_id,
                "plan": found.plan.to_json(),
                "points": [asdict(p) for points in found.points.values() for p in points.values()],
                "whole": found.whole and found.whole.to_json(),
                "recalibrated": found.recalibrated,
            }

    def take_up(self, data: Mapping[str, Any]) -> None:
        """Know what another kernel's last scan found, from its `to_json`.

        Raises:
            HistoryError, DamagedError: If there is no such step.
            PlanError, KeyError, TypeError, ValueError: If it is no such data.
        """
        plan, step_id = Plan.from_json(data["plan"]), data["step_id"]
        whole = data["whole"] and Sensitivity.from_json(data["whole"])
        found = _Found(step_id, self._history.model_of(step_id), rule_of(plan), plan, whole=whole)
        found.recalibrated = data["recalibrated"]
        least = min((entry["loss"] for entry in data["points"]), default=0.0)
        for point in points_from_json(data["points"], whole.baseline.loss if whole else least):
            found.points.setdefault(point.unit, {})[point.ratio] = point
        with self._lock:
            self._found = found

    def _fitting(self, plan: Plan) -> _Found | None:
        found = self._found
        if found is None or found.model is not self._history.model or found.rule != rule_of(plan):
            return None
        return found

    def _keep(self, found: _Found, point: Point) -> None:
        with self._lock:
            self._found = found  # not before: a scan that is refused leaves what was known
            found.points.setdefault(point.unit, {})[point.ratio] = point
            found.ordered = None
        self._bus.emit(PointMeasured(point.unit, point.ratio, point.accuracy))


def rule_of(plan: Plan) -> Plan:
    """The part of a plan that figures of all units depend on; hand picks matter to their own."""
    return Plan(
        granularity=plan.granularity,
        criterion=plan.criterion,
        pattern=plan.pattern,
        round_to=plan.round_to,
        seed=plan.seed,
    )
