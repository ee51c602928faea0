"""Plans for a budget, from what is known of the current model; what was worked out is kept."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from workbench.allocation import ALLOCATORS, allocator_named
from workbench.allocation.base import Allocator
from workbench.allocation.costs import METRICS, CostModel
from workbench.allocation.problem import LATENCY, TITLES, Predicted, Problem, problem_of
from workbench.allocation.suggestion import (
    Suggestion,
    TradeOff,
    TradeOffPoint,
    reachable,
    suggest_above,
    suggest_within,
    trade_off,
)
from workbench.errors import PlanError
from workbench.estimate import Estimates
from workbench.plan import Plan
from workbench.progress import SILENT, Monitor, Part
from workbench.pruned import PrunedModel
from workbench.selection import Scores
from workbench.sensitivity import Sensitivity
from workbench.sensitivity.combining import CombinedAccuracy
from workbench.session.anticipating import Anticipation
from workbench.session.forecast import Forecast
from workbench.session.history import History
from workbench.session.sensing import Sensing
from workbench.session.timing import Relatives, Timing

Key = tuple[str, str]
"""An allocator and a metric."""


@dataclass(eq=False)
class _Known:
    """What was worked out for one model, under one rule and one scan.

    Attributes:
        model: The current model.
        rule: The plan without its ratios.
        measured: The scan, if there was one.
        combined: What it says of pruning units at once.
        latency: Predicts it, once that was learned.
        trade_offs: By allocator and metric.
    """

    model: PrunedModel
    rule: Plan
    measured: Sensitivity | None
    combined: CombinedAccuracy | None
    latency: Relatives | None
    trade_offs: dict[Key, TradeOff] = field(default_factory=dict)

    def same(self, other: "_Known") -> bool:
        """Whether both are worked out from the same."""
        return (
            (self.model, self.rule) == (other.model, other.rule)
            and self.combined is other.combined
            and self.latency is other.latency
        )

    @cached_property
    def unranked(self) -> Problem:
        """The problem as far as it is known without scores of channels."""
        return self.problem(None)

    @cached_property
    def costs(self) -> CostModel:
        """What the model costs for any counts of its units, locked ones included."""
        units = self.model.anatomy.units("channel")
        return CostModel.of(self.model, [unit.name for unit in units if unit.prunable])

    def problem(self, scores: Scores | None) -> Problem:
        damage = None
        if self.measured is not None and self.combined is not None:
            damage = {
                unit: [
                    (point.achieved, self.combined.divergence(unit, point.achieved))
                    for point in self.measured.of(unit)
                ]
                for unit in self.measured.units
            }
        return problem_of(self.model, self.rule, scores, damage, self.predicted)

    @cached_property
    def predicted(self) -> dict[str, Predicted]:
        """By name, the metrics that are predicted of whole networks."""
        latency = self.latency
        if latency is None:
            return {}
        left = {unit: int(flags.sum()) for unit, flags in self.model.alive("channel").items()}

        def relative(kept: Mapping[str, np.ndarray]) -> np.ndarray:
            networks = len(next(iter(kept.values()), ()))
            whole = {unit: np.full(networks, count) for unit, count in left.items()}
            return latency({**whole, **kept})

        return {LATENCY: relative}

    def accuracies(self, ratios: Mapping[str, np.ndarray]) -> Estimates | None:
        """Accuracy expected of many networks; None without a scan."""
        return None if self.combined is None else self.combined.estimates(ratios)


class Budgets:
    """Asks the allocators; any thread may.

    Args:
        history: Whose current model is to shrink.
        forecast: Knows its channels' importance.
        sensing: Knows what pruning each unit costs.
        anticipation: Knows what pruning several at once costs.
        timing: Predicts latency.
    """

    def __init__(
        self,
        history: History,
        forecast: Forecast,
        sensing: Sensing,
        anticipation: Anticipation,
        timing: Timing,
    ) -> None:
        self._history, self._forecast, self._timing = history, forecast, timing
        self._sensing, self._anticipation = sensing, anticipation
        self._lock = threading.Lock()
        self._known: _Known | None = None

    def suggest(
        self,
        plan: Plan,
        allocator: str,
        accuracy: float | None,
        budgets: Mapping[str, float],
        monitor: Monitor = SILENT,
    ) -> Suggestion:
        """A plan within one budget, or the smallest above an accuracy; see `Session.suggest`."""
        if len(budgets) > 1 or (not budgets and accuracy is None):
            raise PlanError(
                f"a suggestion needs exactly one budget ({', '.join(TITLES)}), or an "
                f"accuracy to stay above; got {dict(budgets) or 'none'}."
            )
        known, rule = self._asked(plan), allocator_named(allocator)
        metric = next(iter(budgets), "macs")
        if accuracy is not None:
            self._check_measured(known, allocator)
        curve = self.trade_off(plan, allocator, metric, monitor)
        problem = self._problem(known, rule, plan)
        if accuracy is not None:
            return suggest_above(problem, plan, rule, metric, accuracy, known.accuracies, curve)
        share = budgets[metric]
        return suggest_within(problem, plan, rule, metric, share, known.accuracies, curve)

    def trade_off(
        self, plan: Plan, allocator: str, metric: str, monitor: Monitor = SILENT
    ) -> TradeOff:
        """The networks an allocator goes through for a metric; worked out once.

        Raises:
            PlanError: If it lacks what it needs, or there is nothing to choose.
            Cancelled: If the monitor says so.
        """
        known, rule = self._asked(plan), allocator_named(allocator)
        if rule.needs_sensitivity:
            self._check_measured(known, allocator)
        if metric == LATENCY and known.latency is None:
            raise PlanError(
                f"budget {LATENCY} needs to know this device, and too few networks were timed on "
                "it. Call session.learn_latency() first, or use the budget macs."
            )
        key = allocator, metric
        if key not in known.trade_offs:
            problem = self._problem(known, rule, plan)
            known.trade_offs[key] = trade_off(problem, rule, metric, known.accuracies, monitor)
        return known.trade_offs[key]

    def compare(self, plan: Plan, metric: str) -> Callable[[Monitor], None]:
        """The work of finding the trade-offs of all allocators that have what they need."""

        def work(monitor: Monitor) -> None:
            self._forecast.evidence(self._history.model, plan, Part(monitor, 0, 50, 100))
            usable = self.usable(plan)
            for number, name in enumerate(usable):
                start, stop = (50 + 50 * at / len(usable) for at in (number, number + 1))
                self.trade_off(plan, name, metric, Part(monitor, start, stop, 100))

        return work

    def choose(
        self, plan: Plan, allocator: str, accuracy: float | None, budgets: Mapping[str, float]
    ) -> Callable[[Monitor], Suggestion]:
        """`suggest` as work that gathers what evidence is missing itself."""

        def work(monitor: Monitor) -> Suggestion:
            self._forecast.evidence(self._history.model, plan, Part(monitor, 0, 50, 100))
            return self.suggest(plan, allocator, accuracy, budgets, Part(monitor, 50, 100, 100))

        return work

    def usable(self, plan: Plan) -> tuple[str, ...]:
        """Names of the allocators that have what they need."""
        measured = self._asked(plan).measured is not None
        return tuple(
            name for name, rule in ALLOCATORS.items() if measured or not rule.needs_sensitivity
        )

    def known_trade_offs(self, plan: Plan, metric: str) -> dict[str, TradeOff]:
        """By allocator, the trade-offs for a metric that have been worked out."""
        found = self._asked(plan).trade_offs
        return {name: found[name, metric] for name in ALLOCATORS if (name, metric) in found}

    def reachable(self, plan: Plan) -> dict[str, float]:
        """By metric, the least share of the dense model's cost under a plan's limits."""
        return reachable(self._asked(plan).unranked)

    def estimate(self, plan: Plan, other: Plan) -> TradeOffPoint:
        """What another plan costs and is expected to lose, to compare with a plan's trade-offs."""
        known, kept = self._asked(plan), self._forecast.predict(other).kept
        units = known.model.anatomy.units("channel")
        ratios = {unit.name: 1 - kept[unit.name] / unit.size for unit in units}
        costs, dense = known.costs, known.unranked.dense_costs
        counts = np.array([kept[unit] for unit in costs.widths.units])
        shares = {metric: float(costs.cost(metric, counts)) / dense[metric] for metric in METRICS}
        whole = {unit: np.array([count]) for unit, count in kept.items()}
        for metric, relative in known.predicted.items():
            shares[metric] = float(relative(whole)[0])
        expected = known.accuracies({unit: np.array([ratio]) for unit, ratio in ratios.items()})
        if expected is None:
            return TradeOffPoint(ratios, shares, None)
        return TradeOffPoint(ratios, shares, float(expected.values[0]), expected.bar(0))

    def _asked(self, plan: Plan) -> _Known:
        """What is known of the current model under a plan's rule."""
        if plan.granularity != "channel":
            raise PlanError(
                f"granularity of a plan to suggest must be 'channel', got {plan.granularity!r}. "
                "Use plan.with_(granularity='channel')."
            )
        rule = plan.with_(scope="local", ratio=0.0, ratios={})
        model, measured = self._history.model, self._sensing.whole(plan)
        combined, latency = self._anticipation.settled(plan), self._timing.settled
        found = _Known(model, rule, measured, combined, latency)
        with self._lock:
            if self._known is None or not self._known.same(found):
                self._known = found
            return self._known

    def _problem(self, known: _Known, rule: Allocator, plan: Plan) -> Problem:
        if not rule.needs_scores:
            return known.unranked
        return known.problem(self._forecast.scores(plan))

    def _check_measured(self, known: _Known, allocator: str) -> None:
        if known.measured is not None:
            return
        repicked = self._sensing.repicked(known.rule)
        if repicked:
            raise PlanError(
                f"allocator {allocator!r} needs measured sensitivity with the same hand picks, and "
                f"other channels of {', '.join(map(repr, repicked))} were picked since the scan. "
                "Call session.scan_sensitivity() again: what else it knows is not measured anew."
            )
        raise PlanError(
            f"allocator {allocator!r} needs measured sensitivity, and there is none for this "
            "model, criterion and rounding. Call session.scan_sensitivity() first, or use "
            "allocator='uniform' or 'global'."
        )
