"""What makes a session's steps, beside pruning and training."""

from collections.abc import Callable
from typing import Any, TypeVar

from workbench.actions import PruneGradually
from workbench.errors import HistoryError
from workbench.gradual import GradualSettings
from workbench.progress import Monitor
from workbench.recalibration import BATCHES
from workbench.session.history import Step
from workbench.session.home import Home
from workbench.session.knowledge import LEARNING, OF_ONE_PLAN
from workbench.session.tasks import Task
from workbench.session.telling import Telling
from workbench.training import FinetuneSettings

T = TypeVar("T")


class Changes(Telling):
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

    def prune_gradually(
        self, epochs: int = 12, *, gradual: GradualSettings | None = None, **settings: Any
    ) -> Step:
        """Carry the plan out little by little while the model trains; returns the step.

        Args:
            epochs: Passes over the training data.
            gradual: How ratios rise; by default cubic, over the first three quarters.
            settings: Other fields of `FinetuneSettings`.

        Raises:
            TrainingError: If a setting is unknown, out of range, or does not suit model and data.
            PlanError: If the plan is one for N:M.
        """
        asked = FinetuneSettings.from_json({"epochs": epochs, **settings})
        return self.submit_prune_gradually(asked, gradual or GradualSettings()).result()

    def recalibrate(self, *, batches: int = BATCHES, seed: int = 0) -> Step:
        """Estimate batch-norm statistics again on training data; returns the step.

        Takes seconds, trains nothing, and often brings back most of what pruning cost.

        Args:
            batches: How many batches of 64 inputs are read.
            seed: For the choice of inputs.

        Raises:
            ModelError: If no batch norm has running statistics.
            DataError: If `batches` is less than 1.

        Reference:
            Li et al., EagleEye, arXiv:2007.02491, section 3.3.
        """
        return self.submit_recalibrate(batches=batches, seed=seed).result()

    def rewind(self, step_id: int) -> Step:
        """Give what is left the weights it had at an earlier step; returns the new step.

        Args:
            step_id: One on the way to the current step, so that a recipe can say it too.

        Raises:
            HistoryError: If it is not.

        Reference:
            Frankle and Carbin, The Lottery Ticket Hypothesis, arXiv:1803.03635.
        """
        return self.submit_rewind(step_id).result()

    def reinitialize(self, *, seed: int = 0) -> Step:
        """Give what is left fresh weights, to train it from scratch; returns the step.

        Raises:
            ModelError: If a module has parameters and no way to draw them.
        """
        return self.submit_reinitialize(seed=seed).result()

    def submit_prune_gradually(
        self, settings: FinetuneSettings, gradual: GradualSettings
    ) -> Task[Step]:
        """Queue pruning during training by the plan as it is now."""
        work = self._jobs.train(PruneGradually(self._plan, settings, gradual))
        return self._submit("finetune", "pruning gradually", work)

    def submit_recalibrate(self, *, batches: int = BATCHES, seed: int = 0) -> Task[Step]:
        """Queue estimating batch-norm statistics of the model that is current then."""
        work = self._jobs.recalibrate(batches, seed)
        return self._submit("rework", "recalibrating batch norms", work)

    def submit_rewind(self, step_id: int) -> Task[Step]:
        """Queue taking back an earlier step's weights."""
        way = [step.id for step in self._history.path()]
        if self._history[step_id].id not in way:
            raise HistoryError(
                "rewinding needs a step on the way to the current one "
                f"({', '.join(map(str, way))}), got {step_id}, which lies on another branch. "
                "Check out a step that comes after it first."
            )
        work = self._jobs.rewind(step_id)
        return self._submit("rework", f"rewinding to step {step_id}", work)

    def submit_reinitialize(self, *, seed: int = 0) -> Task[Step]:
        """Queue drawing fresh weights."""
        return self._submit("rework", "drawing fresh weights", self._jobs.reinitialize(seed))

    def _submit(self, kind: str, title: str, work: Callable[[Monitor], T]) -> Task[T]:
        self._home.check_writable(title)
        self.settle_plan()
        with self._lock:
            self._tasks.cancel(*OF_ONE_PLAN, *LEARNING)
            return self._tasks.submit(kind, title, work)
