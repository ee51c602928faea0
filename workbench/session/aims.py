"""What a person wants of a session: the plan and the targets."""

from collections.abc import Mapping

from workbench.actions import Action, SetTargets
from workbench.events import ActionTaken, EventBus, PlanChanged, TargetsChanged
from workbench.plan import Plan
from workbench.session.knowledge import OF_ONE_PLAN
from workbench.session.measurements import Measurements
from workbench.session.settling import Settling
from workbench.targets import checked_targets


class Aims(Measurements):
    """The side of a session that is told what to reach; `Session` sets up what it needs."""

    events: EventBus
    _targets: Mapping[str, float]
    _settling: Settling

    @property
    def plan(self) -> Plan:
        """What is to be pruned; assign another plan to change it.

        Raises:
            PlanError, UnknownUnitError, CriterionError: If the new plan does not fit the model.
        """
        return self._plan

    @plan.setter
    def plan(self, plan: Plan) -> None:
        self.try_plan(plan)
        self.settle_plan()

    def try_plan(self, plan: Plan) -> None:
        """Assign a plan that is passed on the way to another, as under a moving slider.

        It counts like any other, but is reported as an action only once it is settled: when
        `settle_plan` is called, or something else is done.

        Raises:
            PlanError, UnknownUnitError, CriterionError: If the new plan does not fit the model.
        """
        self.pruned.check(plan)
        with self._lock:
            if plan == self._plan:
                return
            self._plan = plan
        self._tasks.cancel(*OF_ONE_PLAN)
        self._scoring.follow(plan)
        self.events.emit(PlanChanged(plan))

    def settle_plan(self) -> None:
        """Say that the plan is what was wanted; it is reported as an action, if it is another."""
        self._settling.settle(self._plan)

    @property
    def targets(self) -> Mapping[str, float]:
        """What is to be reached, by metric (``accuracy`` in [0, 1], ``size_bytes``, ...).

        Raises:
            PlanError: On assignment, if a metric is unknown or a value out of range.
        """
        return self._targets

    @targets.setter
    def targets(self, targets: Mapping[str, float]) -> None:
        self._targets = checked_targets(targets)
        self.events.emit(TargetsChanged())
        self._report(SetTargets(self._targets))

    def _report(self, action: Action) -> None:
        self.settle_plan()
        self.events.emit(ActionTaken(action, self._history.current.id))
