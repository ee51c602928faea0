"""What makes a session's steps, beside pruning and training."""

from collections.abc import Callable
from typing import TypeVar

from workbench.progress import Monitor
from workbench.session.aims import Aims
from workbench.session.history import Step
from workbench.session.home import Home
from workbench.session.knowledge import LEARNING, OF_ONE_PLAN
from workbench.session.tasks import Task

T = TypeVar("T")


class Changes(Aims):
    """The side of a session that makes steps of what is there already.

    Blocking methods wait for their task, and interrupting them cancels it; ``submit_...`` queue
    the same work and return the `Task`.
    """

    _home: Home

    def measure(self) -> Step:
        """Measure the current model again, all of it; returns a step of the same model."""
        return self.submit_measure().result()

    def submit_measure(self) -> Task[Step]:
        """Queue measuring the model that is current then."""
        return self._submit("measure", "measuring again", self._jobs.measure())

    def _submit(self, kind: str, title: str, work: Callable[[Monitor], T]) -> Task[T]:
        self._home.check_writable(title)
        self.settle_plan()
        with self._lock:
            self._tasks.cancel(*OF_ONE_PLAN, *LEARNING)
            return self._tasks.submit(kind, title, work)
