"""When a plan counts as chosen: not at every position of a drag, but once it is left alone."""

import threading

from workbench.actions import SetPlan
from workbench.events import ActionTaken, EventBus
from workbench.plan import Plan
from workbench.session.history import History


class Settling:
    """Reports a plan as an action once it is settled; any thread may say that it is.

    Args:
        history: Whose current step goes into the report.
        bus: Where it goes.
        plan: The first plan; it came with opening.
    """

    def __init__(self, history: History, bus: EventBus, plan: Plan) -> None:
        self._history, self._bus = history, bus
        self._lock = threading.Lock()
        self._settled = plan

    def settle(self, plan: Plan) -> None:
        """Report a plan, unless it is the one reported last."""
        with self._lock:
            if plan == self._settled:
                return
            self._settled = plan
            self._bus.emit(ActionTaken(SetPlan(plan), self._history.current.id))
