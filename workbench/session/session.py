"""The session: the one thing that changes, a thin facade over tasks, history and plan."""

import contextlib
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from torch import Tensor, nn

from workbench.allocation.suggestion import Suggestion
from workbench.anatomy import Anatomy
from workbench.data import Dataset, open_data
from workbench.errors import BusyError
from workbench.events import EventBus, HistoryChanged, PlanChanged, TargetsChanged
from workbench.export.package import FORMATS, ExportReport, Formats
from workbench.finetune import FinetuneSettings
from workbench.measure.accuracy import Evaluation
from workbench.measure.metrics import Metrics
from workbench.models import open_model
from workbench.plan import Plan
from workbench.progress import Cancelled, Monitor
from workbench.pruned import PrunedModel
from workbench.sensitivity import RATIOS, Sensitivity
from workbench.session.answers import Answers
from workbench.session.budgets import Budgets
from workbench.session.forecast import Forecast
from workbench.session.history import History, Step
from workbench.session.jobs import Jobs
from workbench.session.knowledge import CHANGES, Knowledge
from workbench.session.measuring import Gauge
from workbench.session.recorder import Recorder
from workbench.session.scoring import Scoring
from workbench.session.sensing import ScanSettings, Sensing
from workbench.session.targets import checked_targets
from workbench.session.tasks import Task, TaskRunner
from workbench.session.training_log import TrainingLog

T = TypeVar("T")


class Session(Knowledge):
    """An opened model and its data, a plan, and the history of what was done.

    Blocking methods (`prune`, `finetune`, `preview`, `export`) wait for their task, and
    interrupting them cancels it; ``submit_...`` queue the same work and return the `Task`.

    Args:
        model: ``"digits_cnn"`` or another bundled name, a torchvision name, or a module.
        data: ``"digits"``, ``"npz:<path>"``, a torchvision set's name, or loaders.
        weights: Path of a state dict, or a torchvision weights name.
        normalize: Mean and standard deviation per channel, for images scaled to [0, 1].
        example_input: An input batch; taken from the data if not given.
        seed: For splits, probe set and the first plan.
        scan_cache: A directory where sensitivity scans keep their figures from one session to the
            next; by default they are kept for this session only.

    Attributes:
        name: What the model is called.
        origin: How the dense model is built, as JSON.
        notes: Sentences to show beside figures: on weights, data, and what cannot be pruned.
        dataset: The opened data.
        events: Where every change is reported.
        training: What fine-tuning reported, run by run.

    Raises:
        ModelError, WeightsError, DataError: If something cannot be opened or does not fit.
    """

    def __init__(
        self,
        model: str | nn.Module = "digits_cnn",
        data: Any = "digits",
        *,
        weights: str | Path | None = None,
        normalize: Any = None,
        example_input: Tensor | None = None,
        seed: int = 0,
        scan_cache: str | Path | None = None,
    ) -> None:
        self.dataset: Dataset = open_data(data, normalize=normalize, seed=seed)
        opened = open_model(
            model,
            num_classes=len(self.dataset.classes),
            input_shape=self.dataset.input_shape,
            weights=weights,
        )
        self.name, self.origin = opened.name, opened.origin
        one_input = (self.dataset.example_input() if example_input is None else example_input)[:1]
        dense = PrunedModel(Anatomy.of(opened.module, one_input), opened.module)
        self.notes = (*opened.notes, *self.dataset.notes, *dense.anatomy.notes)
        self.events = EventBus()
        self.training = TrainingLog()
        self.events.subscribe(self.training)
        self._plan = Plan(seed=seed)
        self._targets: Mapping[str, float] = checked_targets({})
        self._lock = threading.RLock()
        gauge = Gauge(self.dataset, one_input)
        self._history = History(dense, gauge.counts(dense), f"opened {opened.name}")
        self._forecast = Forecast(self._history, self.dataset.train, self.events)
        self._recorder = Recorder(self._history, gauge, self.events)
        self._sensing = Sensing(
            self._history,
            self._forecast,
            self.dataset,
            self.events,
            None if scan_cache is None else Path(scan_cache),
        )
        self._budgets = Budgets(self._history, self._forecast, self._sensing)
        self._jobs = Jobs(self._history, gauge, self._forecast, self._recorder, self.events)
        self._answers = Answers(self._history, self.dataset.probe, self.events)
        self._tasks = TaskRunner(self.events)
        self._scoring = Scoring(self._history, self._forecast, self._tasks, self.events)
        weakref.finalize(self, self._tasks.close)  # a forgotten session leaves no thread behind
        self._baseline = self._measure_baseline()

    @property
    def baseline(self) -> Metrics:
        """Everything measured of the model as it was opened; waits for it.

        If measuring was cancelled, it starts again.
        """
        if self._baseline.cancelled and not self._tasks.closed:
            self._baseline = self._measure_baseline()
        with contextlib.suppress(Cancelled):
            self._baseline.result()
        return self._history[0].metrics

    @property
    def plan(self) -> Plan:
        """What is to be pruned; assign another plan to change it.

        Raises:
            PlanError, UnknownUnitError, CriterionError: If the new plan does not fit the model.
        """
        return self._plan

    @plan.setter
    def plan(self, plan: Plan) -> None:
        self.pruned.check(plan)
        with self._lock:
            if plan == self._plan:
                return
            self._plan = plan
        self._tasks.cancel("preview")
        self._scoring.follow(plan)
        self.events.emit(PlanChanged(plan))

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

    def preview(self) -> Evaluation:
        """Accuracy on the probe set with the plan carried out on a copy."""
        return self.submit_preview().result()

    def prune(self) -> Step:
        """Carry the plan out; returns the committed step, fully measured."""
        return self.submit_prune().result()

    def scan_sensitivity(
        self,
        *,
        mode: str = "exact",
        ratios: Sequence[float] = RATIOS,
        units: Sequence[str] | None = None,
        recalibrate: bool = False,
    ) -> Sensitivity:
        """Measure on the probe set what pruning each unit alone costs; see `sensitivity.scan`.

        Args:
            mode: ``"exact"`` measures every point in full; ``"adaptive"`` is faster.
            ratios: Fractions of the dense model's count, in (0, 1).
            units: Units to scan; all that can be pruned by default.
            recalibrate: Whether batch-norm statistics are estimated again before every
                measurement.
        """
        settings = ScanSettings(mode, ratios, units, recalibrate)
        return self.submit_scan(settings).result()

    def finetune(self, epochs: int = 3, **settings: Any) -> Step:
        """Train what is left; returns the committed step.

        Args:
            epochs: Passes over the training data.
            settings: Other fields of `FinetuneSettings`.
        """
        return self.submit_finetune(FinetuneSettings(epochs=epochs, **settings)).result()

    def export(self, directory: str | Path, formats: Formats = FORMATS) -> ExportReport:
        """Write the current model; see `workbench.export.package`."""
        return self.submit_export(directory, formats).result()

    def submit_preview(self) -> Task[Evaluation]:
        """Queue a preview; one that waits or runs is dropped."""
        work = self._answers.then_own(self._jobs.preview(self._plan))
        return self._submit("preview", "measuring the plan", work)

    def submit_scan(self, settings: ScanSettings) -> Task[Sensitivity]:
        """Queue a sensitivity scan by the plan's rule; a scan under way is dropped."""
        self._tasks.cancel("scan")
        work = self._sensing.scan(self._plan, settings)
        return self._tasks.submit("scan", "measuring sensitivity", work)

    def submit_suggestion(
        self, *, allocator: str = "best", accuracy: float | None = None, **budgets: float
    ) -> Task[Suggestion]:
        """Queue a `suggestion`; one under way is dropped."""
        self._tasks.cancel("suggest")
        work = self._budgets.choose(self._plan, allocator, accuracy, budgets)
        return self._tasks.submit("suggest", "looking for a plan", work)

    def submit_comparison(self, metric: str) -> Task[None]:
        """Queue `trade_off` of every allocator that has what it needs; one under way is dropped."""
        self._tasks.cancel("compare")
        work = self._budgets.compare(self._plan, metric)
        return self._tasks.submit("compare", "working out trade-offs", work)

    def submit_prune(self) -> Task[Step]:
        """Queue pruning by the plan as it is now."""
        return self._submit("prune", "pruning", self._jobs.prune(self._plan))

    def submit_finetune(self, settings: FinetuneSettings) -> Task[Step]:
        """Queue fine-tuning; a cancelled one commits nothing."""
        return self._submit("finetune", "fine-tuning", self._jobs.finetune(settings))

    def submit_export(
        self, directory: str | Path, formats: Formats = FORMATS
    ) -> Task[ExportReport]:
        """Queue an export of the step that is current then."""
        work = self._jobs.export(Path(directory), formats, self.origin)
        return self._tasks.submit("export", "exporting", work)

    def undo(self) -> Step:
        """Go back one step.

        Raises:
            HistoryError: If this is the first.
            BusyError: If a task that commits a step is under way.
        """
        return self._move(self._history.undo)

    def redo(self) -> Step:
        """Return to the step undone last; errors as for `undo`."""
        return self._move(self._history.redo)

    def checkout(self, step_id: int) -> Step:
        """Go to any step; errors as for `undo`."""
        return self._move(lambda: self._history.checkout(step_id))

    def cancel(self) -> None:
        """Stop what runs and what waits; committed steps stay."""
        self._tasks.cancel()

    def close(self) -> None:
        """Cancel everything and end the engine thread."""
        self._tasks.close()

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _measure_baseline(self) -> Task[Metrics]:
        return self._tasks.submit(
            "measure", "measuring the baseline", self._recorder.measure_opened
        )

    def _submit(self, kind: str, title: str, work: Callable[[Monitor], T]) -> Task[T]:
        with self._lock:
            self._tasks.cancel("preview")
            return self._tasks.submit(kind, title, work)

    def _move(self, move: Callable[[], Step]) -> Step:
        with self._lock:  # nothing may be submitted between the question and the move
            if making := self._tasks.unfinished(*CHANGES):
                raise BusyError(
                    "the history cannot be moved while a step is being made (now: "
                    f"{making[0].title}). Wait for it, or cancel it first."
                )
            step = move()
        self._tasks.cancel("preview")
        self.events.emit(HistoryChanged(step.id))
        return step
