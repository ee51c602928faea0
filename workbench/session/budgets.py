"""Plans for a budget, from what is known of the current model."""

from collections.abc import Mapping
from dataclasses import dataclass

from workbench.allocation import allocator_named
from workbench.allocation.problem import Problem, problem_of
from workbench.allocation.suggestion import (
    Suggestion,
    suggest_above,
    suggest_within,
)
from workbench.errors import PlanError
from workbench.plan import Plan
from workbench.sensitivity import Sensitivity
from workbench.sensitivity.combining import CombinedAccuracy
from workbench.session.forecast import Forecast
from workbench.session.history import History
from workbench.session.sensing import Sensing


@dataclass(frozen=True)
class Budgets:
    """Asks the allocators.

    Attributes:
        history: Whose current model is to shrink.
        forecast: Knows its channels' importance.
        sensing: Knows what pruning each unit costs.
    """

    history: History
    forecast: Forecast
    sensing: Sensing

    def suggest(
        self, plan: Plan, allocator: str, accuracy: float | None, budgets: Mapping[str, float]
    ) -> Suggestion:
        """A plan within one budget, or the smallest above an accuracy; see `Session.suggest`."""
        if len(budgets) > 1 or (not budgets and accuracy is None):
            raise PlanError(
                "a suggestion needs exactly one budget (parameters, macs or size_bytes), or an "
                f"accuracy to stay above; got {dict(budgets) or 'none'}."
            )
        rule = allocator_named(allocator)
        measured = self.sensing.whole(plan)
        if measured is None and (rule.needs_sensitivity or accuracy is not None):
            raise PlanError(
                f"allocator {allocator!r} needs measured sensitivity, and there is none for this "
                "model, criterion, rounding and hand picks. Call session.scan_sensitivity() "
                "first, or use allocator='uniform' or 'global'."
            )
        combined = None if measured is None else CombinedAccuracy.of(measured)
        problem = self._problem(plan, measured, combined)

        def predicted(ratios: Mapping[str, float]) -> float | None:
            return None if combined is None else combined.accuracy(ratios)

        if accuracy is not None:
            metric = next(iter(budgets), "macs")
            return suggest_above(problem, plan, rule, metric, accuracy, predicted)
        metric, share = next(iter(budgets.items()))
        return suggest_within(problem, plan, rule, metric, share, predicted)

    def _problem(
        self, plan: Plan, measured: Sensitivity | None, combined: CombinedAccuracy | None
    ) -> Problem:
        if plan.granularity != "channel":
            raise PlanError(
                f"granularity of a plan to suggest must be 'channel', got {plan.granularity!r}. "
                "Use plan.with_(granularity='channel')."
            )
        damage = None
        if measured is not None and combined is not None:
            damage = {
                unit: [
                    (point.achieved, combined.added_loss(unit, point.ratio))
                    for point in measured.of(unit)
                ]
                for unit in measured.units
            }
        return problem_of(self.history.model, plan, self.forecast.scores(plan), damage)
