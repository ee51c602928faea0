"""What gradients say of every unit: estimated within seconds, kept for the current model."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import torch

from workbench.criteria.evidence import BATCH_SIZE
from workbench.data.dataset import Split
from workbench.events import EventBus, SensitivityEstimated
from workbench.plan import Plan
from workbench.progress import Monitor, Part
from workbench.pruned import PrunedModel
from workbench.sensitivity import GradientCurve, gradient_curves
from workbench.session.forecast import Forecast
from workbench.session.history import History
from workbench.session.sensing import rule_of

Curves = Mapping[str, GradientCurve]
"""By unit name."""

NOTHING_ESTIMATED: Curves = MappingProxyType({})


@dataclass(frozen=True)
class _Found:
    """What is estimated of one model under one rule."""

    model: PrunedModel
    rule: Plan
    curves: Curves


class Estimating:
    """Estimates sensitivity, and keeps what came out last; any thread may ask.

    Args:
        history: Whose current model is looked at.
        forecast: Knows the evidence of criteria that read training data.
        training: Where gradients are taken; never validation or test data.
        bus: Told of an estimate.
    """

    def __init__(
        self, history: History, forecast: Forecast, training: Split, bus: EventBus
    ) -> None:
        self._history, self._forecast = history, forecast
        self._training, self._bus = training, bus
        self._found: _Found | None = None
        self._lock = threading.Lock()

    def estimate(
        self, plan: Plan, ratios: Sequence[float], units: Sequence[str] | None
    ) -> Callable[[Monitor], Curves]:
        """The work of an estimate for the model that is current when it runs."""

        def work(monitor: Monitor) -> Curves:
            model = self._history.model
            evidence = self._forecast.evidence(model, plan, Part(monitor, 0, 30, 100))
            order = torch.Generator().manual_seed(plan.seed)
            curves = gradient_curves(
                model,
                self._training.batches(BATCH_SIZE, shuffle=order),
                plan,
                ratios=ratios,
                units=units,
                evidence=evidence,
                monitor=Part(monitor, 30, 100, 100),
            )
            with self._lock:
                self._found = _Found(model, rule_of(plan), MappingProxyType(dict(curves)))
            self._bus.emit(SensitivityEstimated())
            return curves

        return work

    def curves(self, plan: Plan) -> Curves:
        """By unit, what was estimated last, if it fits the model and the plan."""
        with self._lock:
            found = self._found
        if found is None or found.model is not self._history.model or found.rule != rule_of(plan):
            return NOTHING_ESTIMATED
        return found.curves
