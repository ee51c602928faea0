"""Spot checks: the accuracy of a plan, estimated from few probe inputs while a slider rests."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from workbench.estimate import Estimate
from workbench.events import EventBus, PlanSpotChecked
from workbench.plan import Plan
from workbench.progress import Monitor, Part
from workbench.pruned import PrunedModel
from workbench.session.anticipating import Anticipation
from workbench.session.forecast import Forecast
from workbench.session.history import History
from workbench.session.probing import Probing


@dataclass(frozen=True)
class _Found:
    model: PrunedModel
    plan: Plan
    estimate: Estimate


class SpotChecks:
    """Runs them, and keeps the last one; any thread may ask for that.

    Args:
        history: Whose current model is pruned.
        forecast: Knows the evidence of criteria that read training data.
        anticipation: Knows which inputs tell most, and what their answers say.
        probing: Runs pruned models.
        bus: Told what was found.
    """

    def __init__(
        self,
        history: History,
        forecast: Forecast,
        anticipation: Anticipation,
        probing: Probing,
        bus: EventBus,
    ) -> None:
        self._history, self._forecast, self._anticipation = history, forecast, anticipation
        self._probing, self._bus = probing, bus
        self._lock = threading.Lock()
        self._found: _Found | None = None

    def check(self, plan: Plan) -> Callable[[Monitor], Estimate | None]:
        """The work of a spot check; finds None as long as nothing was learned from."""

        def work(monitor: Monitor) -> Estimate | None:
            model, anchors = self._history.model, self._anticipation.anchors(plan)
            if anchors is None:
                return None
            evidence = self._forecast.evidence(model, plan, Part(monitor, 0, 20, 100))
            pruned, _ = model.prune(plan, evidence)
            asked, rest = self._probing.some(anchors.places), Part(monitor, 20, 100, 100)
            answers = self._probing.answers(pruned, model, rest, asked)
            estimate = anchors.estimate(answers.leads.double().numpy())
            with self._lock:
                self._found = _Found(model, plan, estimate)
            self._bus.emit(PlanSpotChecked(plan))
            return estimate

        return work

    def found(self, plan: Plan) -> Estimate | None:
        """What came of exactly this plan and the current model, if it was checked."""
        with self._lock:
            found = self._found
        if found is None or found.model is not self._history.model or found.plan != plan:
            return None
        return found.estimate
