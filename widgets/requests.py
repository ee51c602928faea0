"""What a person asks for, as work for the session; done on the dispatcher's thread."""

from collections.abc import Callable
from pathlib import Path

from widgets.dispatcher import Dispatcher
from widgets.panels.suggest_goal import Request
from workbench import Plan, Session
from workbench.allocation.suggestion import Suggestion, plan_at
from workbench.devices import LocalGpu
from workbench.errors import WorkbenchError
from workbench.export.formats import Format
from workbench.export.package import ExportReport
from workbench.sensitivity import RATIOS
from workbench.session.sensing import ScanSettings

CHECKED_S = 0.1
"""How long a plan must stay the same before its accuracy is estimated from few inputs."""

SETTLED_S = 0.25
"""How long a plan must stay the same before it is measured, unless a slider was let go."""


class Requests:
    """Passes on what widgets ask for; outcomes arrive as events.

    Args:
        session: What is asked.
        dispatcher: Does it in turn, and shows errors.
    """

    def __init__(self, session: Session, dispatcher: Dispatcher) -> None:
        self._session, self._dispatcher = session, dispatcher

    def change_plan(self, change: Callable[[Plan], Plan]) -> None:
        """Put what a function makes of the plan in its place; it settles once it is left alone."""

        def apply() -> None:
            try:
                self._session.try_plan(change(self._session.plan))
            except WorkbenchError:
                # They still show what was refused.
                self._dispatcher.mark("units", "controls", "suggest")
                raise
            self._dispatcher.after("spot check", CHECKED_S, self._check)

        self._dispatcher.post(apply)

    def change_target(self, metric: str, value: float | None) -> None:
        """Set a target, in the metric's own unit; None takes it away."""

        def apply() -> None:
            targets = {k: v for k, v in self._session.targets.items() if k != metric}
            if value is not None:
                targets[metric] = value
            self._session.targets = targets

        self._dispatcher.post(apply)

    def measure_settled_plan(self) -> None:
        """Measure the plan once it has stayed the same for a moment."""
        self._dispatcher.post(lambda: self._dispatcher.after("preview", SETTLED_S, self._measure))

    def measure_plan(self) -> None:
        """Measure without waiting for another change: a slider was let go."""
        self._dispatcher.post(lambda: self._dispatcher.after("preview", 0, self._measure))

    def learn(self) -> None:
        """Measure what predictions are made from, once nothing else is to be done."""
        self._dispatcher.post(self._learn)

    def prune(self) -> None:
        """Carry the plan out."""
        self.submit(self._session.submit_prune)

    def resume(self) -> None:
        """Go on with the interrupted fine-tuning."""
        self.submit(self._session.submit_resume)

    def discard_interrupted(self) -> None:
        """Do not go on with it."""
        self._dispatcher.post(self._session.discard_interrupted)

    def scan(self) -> None:
        """Measure sensitivity; an estimate is there at once, where measuring takes long."""
        settings = ScanSettings("exact", RATIOS, None, recalibrate=False)

        def submit() -> None:
            if not self._session.estimated_sensitivity:
                self._session.submit_estimate()
            self._session.submit_scan(settings)

        self.submit(submit)

    def use_device(self, word: str, batch_size: int) -> None:
        """Measure latency on another device, or of more inputs at a time."""

        def submit() -> None:
            try:
                self._session.submit_device(word, batch_size=batch_size)
            finally:
                self._dispatcher.mark("controls")  # it shows what was refused, or is under way

        self._dispatcher.post(submit)

    def examine(self) -> None:
        """Look closely at the accuracy of the current model."""
        self.submit(self._session.submit_accuracy)

    def compare(self, metric: str) -> None:
        """Work out the trade-offs of all allocators."""
        self._session.submit_comparison(metric)

    def suggest(self, asked: Request, show: Callable[[Suggestion], None]) -> None:
        """Find a plan that reaches something, take it over, and show it."""

        def adopt(found: Suggestion) -> None:
            self._session.plan = plan_at(self._session.plan, found.point)
            show(found)
            self.measure_plan()

        def submit() -> None:
            task = self._session.submit_suggestion(
                allocator=asked.allocator, accuracy=asked.accuracy, **asked.budgets
            )
            task.when_done(lambda found: self._dispatcher.post(lambda: adopt(found)))

        self._dispatcher.post(submit)

    def export(
        self,
        directory: str,
        formats: tuple[Format, ...],
        overwrite: bool,
        show: Callable[[ExportReport], None],
    ) -> None:
        """Write the current model, and show the report."""

        def submit() -> None:
            task = self._session.submit_export(Path(directory), formats, overwrite=overwrite)
            task.when_done(lambda report: self._dispatcher.post(lambda: show(report)))

        self._dispatcher.post(submit)

    def undo(self) -> None:
        """Go back one step."""
        self._dispatcher.post(lambda: _ignore(self._session.undo()))

    def redo(self) -> None:
        """Return to the step undone last."""
        self._dispatcher.post(lambda: _ignore(self._session.redo()))

    def checkout(self, step: int) -> None:
        """Go to a step."""
        self._dispatcher.post(lambda: _ignore(self._session.checkout(step)))

    def rename(self, step: int, name: str, remark: str) -> None:
        """Call a step something, and write something down about it."""
        self._dispatcher.post(lambda: _ignore(self._session.rename(step, name=name, remark=remark)))

    def submit(self, submit: Callable[[], object]) -> None:
        """Have something queued that makes steps; what cannot be queued is shown."""
        self._dispatcher.post(lambda: _ignore(submit()))
        self._dispatcher.mark("controls", "history")

    def _check(self) -> None:
        """While a slider rests that was not let go."""
        if self._session.worth_a_spot_check and not self._session.busy:
            self._session.submit_spot_check()

    def _measure(self) -> None:
        """Latency as soon as there is something to compare it with.

        Accuracy last: a model's first preview asks for the model's own answers as well.
        """
        session = self._session
        session.settle_plan()
        if session.busy:
            return
        if session.timed is None and self._dense_timed():
            session.submit_timing()
        if session.previewed is None:
            session.submit_preview()

    def _learn(self) -> None:
        session = self._session
        if session.busy or session.closed:
            return
        if not (session.answered or session.learning("answers")):
            session.submit_answers()
        if self._dense_timed() and not (session.latency_learned or session.learning("latency")):
            session.submit_latency()
        if self._dense_timed() and not (session.layer_times(0) or session.learning("layers")):
            session.submit_layer_times(0)
        lacks_memory = session.history.current.metrics.peak_memory_bytes is None
        can_tell = self._dense_timed() and not isinstance(session.device, LocalGpu)
        if lacks_memory and can_tell and not session.learning("memory"):
            session.submit_memory()
        if not (session.accuracy_learned or session.learning("accuracy")):
            session.submit_learning()

    def _dense_timed(self) -> bool:
        return self._session.history[0].metrics.latency_ms is not None


def _ignore(_: object) -> None:
    """What a task returns arrives as events."""
