"""What a session knows: the model, its units, the plan's forecast; asking changes nothing."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from torch import nn

from workbench.allocation import allocator_named
from workbench.allocation.suggestion import Suggestion, TradeOffPoint
from workbench.anatomy import Anatomy
from workbench.channels import ChannelReport
from workbench.layers import LayerInfo
from workbench.measure.accuracy import Evaluation
from workbench.measure.flips import Flips
from workbench.plan import Plan
from workbench.predict import Prediction
from workbench.pruned import PrunedModel
from workbench.selection import Scores
from workbench.sensitivity import GradientCurve, Point, Sensitivity
from workbench.session.answers import Answers
from workbench.session.anticipating import Anticipation
from workbench.session.budgets import Budgets
from workbench.session.estimating import Estimating
from workbench.session.forecast import Forecast
from workbench.session.history import History
from workbench.session.inspecting import Inspecting
from workbench.session.scoring import Scoring
from workbench.session.sensing import Sensing
from workbench.session.spot_checks import SpotChecks
from workbench.session.tasks import TaskRunner
from workbench.session.timing import Timed, Timing
from workbench.units import Unit

OF_ONE_PLAN = ("spot check", "preview", "timing")
"""Kinds of task whose outcome nobody wants any more once the plan has changed."""

LEARNING = ("answers", "latency", "accuracy", "layers", "memory")
"""Kinds of task that wait until nothing else is to be done, and go on where they stopped."""

CHANGES = ("prune", "finetune", "measure", "rework", "rounds")
"""Kinds of task that commit a step; the history stands still while one is under way."""


class Knowledge:
    """The side of a session that is read; `Session` sets up what it reads from."""

    _plan: Plan
    _history: History
    _forecast: Forecast
    _scoring: Scoring
    _sensing: Sensing
    _inspecting: Inspecting
    _estimating: Estimating
    _budgets: Budgets
    _timing: Timing
    _anticipation: Anticipation
    _spot_checks: SpotChecks
    _answers: Answers
    _tasks: TaskRunner

    @property
    def model(self) -> nn.Module:
        """The current module."""
        return self._history.model.module

    @property
    def pruned(self) -> PrunedModel:
        """The current module with what was removed from the dense one."""
        return self._history.model

    @property
    def anatomy(self) -> Anatomy:
        """The dense model: its layers, groups and units."""
        return self._history.model.anatomy

    @property
    def layers(self) -> tuple[LayerInfo, ...]:
        """The dense model's layers."""
        return self.anatomy.layers

    @property
    def units(self) -> tuple[Unit, ...]:
        """What one slider drives, for the plan's granularity."""
        return self.anatomy.units(self._plan.granularity, self._plan.pattern)

    @property
    def history(self) -> History:
        """All steps."""
        return self._history

    @property
    def previewed(self) -> Evaluation | None:
        """The probe set's outcome for exactly this plan and model, if it was measured."""
        return self._forecast.previewed(self._plan)

    @property
    def timed(self) -> Timed | None:
        """Latency of exactly this plan's network and model, if it was measured."""
        return self._forecast.timed(self._plan)

    @property
    def accuracy_learned(self) -> bool:
        """Whether as many plans were measured as predictions of accuracy want."""
        return self._anticipation.learned(self._plan)

    @property
    def worth_a_spot_check(self) -> bool:
        """Whether a spot check can tell more of the plan than is known or being measured."""
        plan = self._plan
        return (
            self._anticipation.anchors(plan) is not None
            and self._spot_checks.found(plan) is None
            and self.previewed is None
            and not self._tasks.unfinished("preview")
        )

    @property
    def latency_learned(self) -> bool:
        """Whether as many networks were timed as predictions of latency want."""
        return self._timing.learned

    @property
    def answered(self) -> bool:
        """Whether it is known what the current model itself answers on the probe set."""
        return self._answers.known

    @property
    def flipped(self) -> Flips | None:
        """Probe inputs whose predicted class this plan changes; None until that was measured."""
        return self._answers.flips(self.previewed)

    @property
    def scanning(self) -> bool:
        """Whether a sensitivity scan is under way, or about to be."""
        return bool(self._tasks.unfinished("scan"))

    @property
    def sensitivity(self) -> Mapping[str, tuple[Point, ...]]:
        """By unit, what scans found for the current model under the plan's rule, so far."""
        return self._sensing.points(self._plan)

    @property
    def estimated_sensitivity(self) -> Mapping[str, GradientCurve]:
        """By unit, what gradients say of the current model under the plan's rule, if asked."""
        return self._estimating.curves(self._plan)

    def alive(self) -> dict[str, np.ndarray]:
        """By unit name, bool per original channel or weight: what is left now."""
        return self.pruned.alive(self._plan.granularity)

    def left(self) -> dict[str, int]:
        """By unit name, how many channels or weights are left now."""
        return self._forecast.left(self._plan.granularity)

    def scores(self) -> Scores:
        """Importance by unit name, per original channel or weight, by the plan's criterion.

        Waits for evidence that the criterion needs of the training data.
        """
        plan = self._plan
        self._scoring.wait(plan)
        return self._forecast.scores(plan)

    def known_scores(self) -> Scores | None:
        """The same at once; None as long as evidence is missing."""
        plan = self._plan
        return None if self._forecast.lacks_evidence(plan) else self._forecast.scores(plan)

    @property
    def scoring(self) -> bool:
        """Whether evidence for scores is being gathered."""
        return self._scoring.under_way

    def learning(self, kind: str) -> bool:
        """Whether something is being learned, or about to be; `kind` is one of `LEARNING`."""
        return bool(self._tasks.unfinished(kind))

    def predict(self, plan: Plan | None = None, *, wait: bool = True) -> Prediction:
        """What a plan would lead to: counts exactly, the rest as far as it was learned.

        Args:
            plan: The session's by default.
            wait: Under global scope, wait for evidence that the criterion needs of the training
                data. If not, every unit is taken to lose the plan's ratio until it is there.

        Raises:
            PlanError: If the plan names units that there are not.
        """
        if plan is None:
            plan = self._plan
        else:
            self.pruned.check(plan)
        if wait and plan.scope == "global":
            self._scoring.wait(plan)
        counted = self._forecast.predict(plan)
        units = self.pruned.anatomy.units(plan.granularity, plan.pattern)
        sizes = {unit.name: unit.size for unit in units}
        ratios = {unit: 1 - kept / sizes[unit] for unit, kept in counted.kept.items()}
        checked = self._spot_checks.found(plan)
        return replace(counted, accuracy=checked or self._anticipation.estimate(plan, ratios))

    def channel_report(self, unit: str) -> ChannelReport | None:
        """What `inspect_channels` found of a unit of the current model; None if nothing yet."""
        return self._inspecting.report(unit)

    def needs_inspection(self, unit: str) -> bool:
        """Whether `inspect_channels` would find more than `channel_report` gives."""
        return self._inspecting.lacks(self._plan, unit)

    @property
    def closed(self) -> bool:
        """Whether it was closed: it is still there to be read, and does nothing any more."""
        return self._tasks.closed

    @property
    def busy(self) -> bool:
        """Whether a step is about to be committed."""
        return bool(self._tasks.unfinished(*CHANGES))

    def suggest(
        self, *, allocator: str = "best", accuracy: float | None = None, **budgets: float
    ) -> Plan:
        """A plan within a budget, or the smallest that stays above an accuracy.

        The plan is returned, not adopted; locks, floors, caps and rounding of the session's plan
        hold in it.

        Args:
            allocator: ``"best"``, ``"greedy"``, ``"global"`` or ``"uniform"``; the first two need
                `scan_sensitivity` to have run.
            accuracy: Stay above this estimated accuracy on the probe set, in [0, 1]; then a budget
                only names what is to be small.
            budgets: One of ``parameters``, ``macs``, ``size_bytes``, or ``latency``, for which
                `learn_latency` has to have run: the fraction of the dense model to keep, in
                (0, 1].

        Raises:
            PlanError: If it cannot be reached; names what can.
        """
        return self.suggestion(allocator=allocator, accuracy=accuracy, **budgets).plan

    def suggestion(
        self, *, allocator: str = "best", accuracy: float | None = None, **budgets: float
    ) -> Suggestion:
        """As `suggest`, with the estimate and the whole trade-off it was taken from."""
        plan = self._plan
        if allocator_named(allocator).needs_scores:
            self._scoring.wait(plan)
        return self._budgets.suggest(plan, allocator, accuracy, budgets)

    def reachable(self) -> dict[str, float]:
        """By metric, the least fraction of the dense model that a suggestion can reach.

        Locks, caps and rounding of the session's plan hold.

        Raises:
            PlanError: If the plan is not one for channels.
        """
        return self._budgets.reachable(self._plan)

    def trade_off(
        self, *, allocator: str = "best", metric: str = "macs"
    ) -> tuple[TradeOffPoint, ...]:
        """The networks an allocator goes through as a metric shrinks, from the largest.

        Raises:
            PlanError: If it needs a scan and there is none, or nothing can be pruned.
        """
        plan = self._plan
        if allocator_named(allocator).needs_scores:
            self._scoring.wait(plan)
        return self._budgets.trade_off(plan, allocator, metric).points

    def known_trade_offs(self, metric: str) -> dict[str, tuple[TradeOffPoint, ...]]:
        """By allocator, the same at once; those that have been worked out."""
        known = self._budgets.known_trade_offs(self._plan, metric)
        return {allocator: found.points for allocator, found in known.items()}

    def estimate(self, plan: Plan | None = None) -> TradeOffPoint:
        """Where a plan lies among the trade-offs, the session's by default; all is predicted.

        Args:
            plan: Another channel plan for the same model.
        """
        return self._budgets.estimate(self._plan, self._plan if plan is None else plan)

    @property
    def comparing(self) -> bool:
        """Whether trade-offs are being worked out for comparison, or about to be."""
        return bool(self._tasks.unfinished("compare"))

    @property
    def scanned(self) -> Sensitivity | None:
        """The outcome of the last scan, if it is of the current model and the plan's rule."""
        return self._sensing.whole(self._plan)
