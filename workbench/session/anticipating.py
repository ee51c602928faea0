"""Accuracy of plans: expected of the scan and of all plans measured since, with an error bar."""

import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from workbench.data.dataset import Split
from workbench.estimate import Estimate
from workbench.events import AccuracyLearned, EventBus
from workbench.measure.accuracy import Evaluation
from workbench.plan import Plan
from workbench.progress import Monitor, Part
from workbench.selection import UnitResult
from workbench.sensitivity import Sensitivity
from workbench.sensitivity.anchors import FEWEST_ANSWERED, Anchors
from workbench.sensitivity.combining import CombinedAccuracy, Outcome
from workbench.sensitivity.joint_plans import joint_ratios, useful_ratios
from workbench.session.forecast import Forecast
from workbench.session.history import History
from workbench.session.probing import Probing
from workbench.session.sensing import Sensing, rule_of

OUTCOMES = 24
"""Plans measured before the first error bar."""

CHECKED = 320
"""Plans spot-checked after that, if these checks are sure enough to learn from."""

SURE_ANCHORS = 128
"""Inputs that make a spot check sure enough."""

MOST_OUTCOMES = 200
"""The latest are learned from; more would take longer than they teach."""


@dataclass
class _Known:
    """What one scan, and the plans measured since, say.

    Attributes:
        measured: The scan.
        combined: With all plans measured so far.
        settled: With those that were measured to learn from, and no later ones.
        checked: Plans whose accuracy is known from spot checks.
        leads: Of each plan measured to learn from, by how much the right class led, by probe input.
        anchors: What few inputs tell of a plan, learned from them.
    """

    measured: Sensitivity
    combined: CombinedAccuracy
    settled: CombinedAccuracy
    outcomes: list[Outcome] = field(default_factory=list)
    checked: list[Outcome] = field(default_factory=list)
    leads: list[np.ndarray] = field(default_factory=list)
    anchors: Anchors | None = None


class Anticipation:
    """Predictions may be asked for by any thread; measuring is the engine thread's.

    Args:
        history: Whose current model is pruned.
        forecast: Knows the evidence of criteria that read training data.
        sensing: Knows what pruning each unit costs.
        probing: Runs pruned models.
        bus: Told when predictions get better.
    """

    def __init__(
        self,
        history: History,
        forecast: Forecast,
        sensing: Sensing,
        probing: Probing,
        bus: EventBus,
    ) -> None:
        self._history, self._forecast, self._sensing = history, forecast, sensing
        self._probing, self._bus = probing, bus
        self._lock = threading.Lock()
        self._known: _Known | None = None

    def settled(self, plan: Plan) -> CombinedAccuracy | None:
        """What compares plans with each other; None without a scan.

        It does not change with every plan that is measured or spot-checked.
        """
        known = self._fitting(plan)
        return None if known is None else known.settled

    def anchors(self, plan: Plan) -> Anchors | None:
        """What few probe inputs tell of a plan; None before that was learned."""
        known = self._fitting(plan)
        return None if known is None else known.anchors

    def learned(self, plan: Plan) -> bool:
        """Whether as many plans were measured as error bars want, or can be."""
        known = self._fitting(plan)
        if known is None or not self._comparable(plan):
            return True
        return len(known.leads) >= OUTCOMES and len(known.checked) >= _to_check(known)

    def estimate(self, plan: Plan, ratios: Mapping[str, float]) -> Estimate | None:
        """Accuracy on the probe set, in [0, 1], of removing these fractions of the dense units."""
        known = self._fitting(plan)
        return None if known is None else known.combined.estimate(ratios)

    def learn(self, plan: Plan) -> Callable[[Monitor], None]:
        """The work of measuring plans until there are enough; goes on where it stopped."""

        def work(monitor: Monitor) -> None:
            known = self._fitting(plan)
            if known is None or self.learned(plan):
                return
            self._forecast.evidence(self._history.model, plan, Part(monitor, 0, 5, 100))
            if len(known.leads) < OUTCOMES:
                self._measure(known, plan, Part(monitor, 5, 40, 100))
            if known.anchors is not None and len(known.checked) < _to_check(known):
                self._check(known, plan, known.anchors, Part(monitor, 40, 100, 100))

        return work

    def _measure(self, known: _Known, plan: Plan, monitor: Monitor) -> None:
        """Measure what is left of the plans that say what few inputs tell."""
        wanted = joint_ratios(CombinedAccuracy.of(known.measured), plan.seed)
        start = len(known.leads)
        for number, ratios in enumerate(itertools.islice(wanted, start, OUTCOMES), start):
            part = Part(monitor, number, number + 1, OUTCOMES)
            removed, found = self._answers(plan, ratios, None, part)
            known.outcomes.append(Outcome(removed, found.accuracy))
            known.leads.append(found.leads.double().numpy())
        if len(known.leads) >= FEWEST_ANSWERED:
            known.anchors = Anchors.fit(np.stack(known.leads))
        self._refit(known)
        known.settled = known.combined

    def _check(self, known: _Known, plan: Plan, anchors: Anchors, monitor: Monitor) -> None:
        """Spot-check what is left of the plans that say which plans are alike."""
        wanted = useful_ratios(CombinedAccuracy.of(known.measured), plan.seed)
        start, count = len(known.checked), _to_check(known)
        for number, ratios in enumerate(itertools.islice(wanted, start, count), start):
            part = Part(monitor, number, number + 1, count)
            removed, found = self._answers(plan, ratios, self._probing.some(anchors.places), part)
            accuracy = anchors.estimate(found.leads.double().numpy()).value
            known.checked.append(Outcome(removed, accuracy))
        self._refit(known)

    def _answers(
        self, plan: Plan, ratios: Mapping[str, float], inputs: Split | None, monitor: Monitor
    ) -> tuple[dict[str, float], Evaluation]:
        """By unit what these ratios remove, and what the model then answers."""
        model = self._history.model
        evidence = self._forecast.evidence(model, plan, monitor)  # gathered before
        pruned, results = model.prune(rule_of(plan).with_ratios(ratios), evidence)
        return _achieved(results), self._probing.answers(pruned, model, monitor, inputs)

    def note(self, plan: Plan, results: Sequence[UnitResult], accuracy: float) -> None:
        """Learn from a plan that was measured."""
        known = self._fitting(plan)
        if known is None or not self._comparable(plan):
            return
        ratios = _achieved(results)
        expected = known.combined.estimate(ratios)
        error = None if expected is None else expected.value - accuracy
        known.outcomes.append(Outcome(ratios, accuracy, error))
        self._refit(known)

    def _refit(self, known: _Known) -> None:
        corrected = known.combined.corrected(known.checked + known.outcomes[-MOST_OUTCOMES:])
        with self._lock:
            known.combined = corrected
        self._bus.emit(AccuracyLearned())

    def _comparable(self, plan: Plan) -> bool:
        """Whether plans are measured as the scan was: without recalibration."""
        return not self._sensing.recalibrated(plan)

    def _fitting(self, plan: Plan) -> _Known | None:
        measured = self._sensing.whole(plan)
        if measured is None:
            return None
        with self._lock:
            if self._known is None or self._known.measured is not measured:
                combined = CombinedAccuracy.of(measured)
                self._known = _Known(measured, combined, combined)
            return self._known


def _to_check(known: _Known) -> int:
    """How many plans are spot-checked to learn from."""
    return CHECKED if known.anchors and len(known.anchors.places) >= SURE_ANCHORS else 0


def _achieved(results: Sequence[UnitResult]) -> dict[str, float]:
    return {result.unit: result.achieved for result in results}
