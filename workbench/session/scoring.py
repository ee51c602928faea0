"""Sees to it that the criterion of the session's plan has its evidence."""

import threading

from workbench.criteria import Evidence
from workbench.events import Event, EventBus, HistoryChanged
from workbench.plan import Plan
from workbench.progress import Monitor
from workbench.session.forecast import EvidenceKey, Forecast
from workbench.session.history import History
from workbench.session.tasks import Task, TaskRunner


class Scoring:
    """Submits the gathering of evidence whenever another plan or model asks for it.

    Whoever waits for the evidence waits for the task; nobody else has to: what needs no scores
    goes on without.

    Args:
        history: Whose current model is to be scored.
        forecast: Keeps the evidence.
        tasks: Does the work.
        bus: Tells of other models.
    """

    def __init__(
        self, history: History, forecast: Forecast, tasks: TaskRunner, bus: EventBus
    ) -> None:
        self._history, self._forecast, self._tasks = history, forecast, tasks
        self._lock = threading.Lock()
        self._plan: Plan | None = None
        self._asked: EvidenceKey | None = None
        self._task: Task[Evidence] | None = None
        bus.subscribe(self._listen)

    def follow(self, plan: Plan) -> None:
        """From now on keep evidence for this plan's criterion, whatever model becomes current.

        What was cancelled or failed is not tried again before somebody waits for it, or another
        model or criterion takes its place.
        """
        with self._lock:
            self._plan = plan
            self._start(plan, again=False)

    def wait(self, plan: Plan) -> None:
        """Return once the current model has the evidence that the plan's criterion needs.

        Interrupting the wait cancels the gathering.

        Raises:
            CriterionError, DataError: If it cannot be gathered.
            Cancelled: If it was cancelled.
        """
        with self._lock:
            task = self._start(plan, again=True)
        if task is not None:
            task.result()

    @property
    def under_way(self) -> bool:
        """Whether evidence is being gathered, or about to be."""
        return bool(self._tasks.unfinished("evidence"))

    def _start(self, plan: Plan, *, again: bool) -> Task[Evidence] | None:
        model = self._history.model
        asked_before, self._asked = self._asked, (model, plan.criterion, plan.seed)
        same = asked_before == self._asked
        if same and self._task is not None and not (self._task.done or self._task.cancelled):
            return self._task
        self._tasks.cancel("evidence")  # of another model or criterion
        self._task = None
        if self._forecast.lacks_evidence(plan) and (again or not (same or self._tasks.closed)):

            def gather(monitor: Monitor) -> Evidence:
                return self._forecast.evidence(model, plan, monitor)

            noun = "channels" if plan.granularity == "channel" else "weights"
            title = f"scoring {noun} ({plan.criterion})"
            self._task = self._tasks.submit("evidence", title, gather)
        return self._task

    def _listen(self, event: Event) -> None:
        if isinstance(event, HistoryChanged) and self._plan is not None:
            self.follow(self._plan)
