"""The session: the one thing that changes, a thin facade over tasks, history and plan."""

import threading
import weakref
from pathlib import Path
from typing import Any, TypeVar

from torch import Tensor, nn

from workbench.actions import Action, Finetune
from workbench.anatomy import Anatomy
from workbench.data import Dataset
from workbench.events import EventBus
from workbench.export.formats import Formats
from workbench.export.package import DEFAULT_FORMATS, ExportReport
from workbench.plan import Plan
from workbench.pruned import PrunedModel
from workbench.session.answers import Answers
from workbench.session.anticipating import Anticipation
from workbench.session.bench import Bench
from workbench.session.budgets import Budgets
from workbench.session.estimating import Estimating
from workbench.session.examinations import Examinations
from workbench.session.experiments import Experiments
from workbench.session.exporting import Exporting, Told
from workbench.session.forecast import Forecast
from workbench.session.history import Step
from workbench.session.home import Home
from workbench.session.inspecting import Inspecting
from workbench.session.jobs import Jobs
from workbench.session.keeping import Keeping, let_go
from workbench.session.measuring import Gauge
from workbench.session.moving import Moving
from workbench.session.onnx_files import OnnxFiles
from workbench.session.probing import Probing
from workbench.session.recorder import Recorder
from workbench.session.rounds import Rounds
from workbench.session.scoring import Scoring
from workbench.session.sensing import Sensing
from workbench.session.settling import Settling
from workbench.session.sources import Opened
from workbench.session.spot_checks import SpotChecks
from workbench.session.stored_home import StoredHome
from workbench.session.tasks import Task, TaskRunner
from workbench.session.timing import Timing
from workbench.session.training_log import TrainingLog
from workbench.session.training_runs import TrainingRuns
from workbench.training import FinetuneSettings

T = TypeVar("T")


class Session(Keeping, Experiments, Examinations):
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
            next; by default in its `directory`, or for this session only.
        directory: Where everything is kept as it happens. If a session was kept there before, it
            goes on where it was left; model and data must be the same. None keeps it in memory.

    Attributes:
        name: What the model is called.
        origin: How the dense model is built, as JSON.
        notes: Sentences to show beside figures: on weights, data, and what cannot be pruned.
        dataset: The opened data.
        events: Where every change is reported.
        training: What fine-tuning reported, run by run.

    Raises:
        ModelError, WeightsError, DataError: If something cannot be opened or does not fit.
        StoreError: If the directory cannot be used.
        FingerprintError: If it is that of another model or other data.
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
        directory: str | Path | None = None,
    ) -> None:
        opened = Opened.of(
            model,
            data,
            weights=weights,
            normalize=normalize,
            example_input=example_input,
            seed=seed,
        )
        self._start(opened, scan_cache, directory)

    @classmethod
    def open(cls, path: str | Path, model: nn.Module | None = None, data: Any = None) -> "Session":
        """Open a session directory again, as it was left.

        Args:
            path: What was given as `directory`, wherever it lies now.
            model: For a module of your own: the dense module, whose weights do not matter.
            data: For data of your own, or data that lie elsewhere now: what `Session` takes.

        Raises:
            StoreError: If there is no session, or one that cannot be read.
            FingerprintError: If the model or data are not those it was made with.
            ModelError, DataError: If they have to be passed in.
        """
        session = cls.__new__(cls)
        session._start(Opened.again(Path(path).expanduser(), model, data), None, path)
        return session

    def _start(
        self, opened: Opened, scan_cache: str | Path | None, directory: str | Path | None
    ) -> None:
        self.events = EventBus()
        self._home = Home(opened)
        if directory is not None:
            me = weakref.ref(self)
            self._home = StoredHome(directory, opened, self.events, lambda: let_go(me))
        weakref.finalize(self, self._home.close)
        try:
            self._set_up(opened, scan_cache)
        except BaseException:
            self._home.close()
            raise

    def _set_up(self, opened: Opened, scan_cache: str | Path | None) -> None:
        self.dataset: Dataset = opened.dataset
        self.name, self.origin = opened.source.name, opened.model.origin
        one_input = opened.one_input()
        dense = PrunedModel(Anatomy.of(opened.model.module, one_input), opened.model.module)
        self.training = TrainingLog()
        self.events.subscribe(self.training)
        self._lock = threading.RLock()
        gauge = Gauge(self.dataset, one_input)
        self._history = self._home.begin(dense, gauge.counts(dense), opened.action)
        self._runs = TrainingRuns(self.training, self._home, self._history)
        self.events.subscribe(self._runs)
        forgotten = self._recall(Plan(seed=opened.action.seed))
        forgotten += self._recall_device(gauge.selected)
        self._settling = Settling(self._history, self.events, self._plan)
        files = OnnxFiles(self._history, gauge)
        probing = Probing(files, self.dataset.probe)
        self._timing = Timing(self._history, gauge, files, self.events)
        self._forecast = Forecast(self._history, self.dataset.train, self._timing, self.events)
        self._recorder = Recorder(self._history, gauge, files, self.events)
        self._bench = Bench(self._history, gauge, files, self.events)
        self._moving = Moving(
            self._history, gauge, files, self._timing, self._forecast, self.events
        )
        self._gauge = gauge
        self._sensing = Sensing(
            self._history,
            self._forecast,
            files,
            self.dataset,
            self.events,
            self._home.scans if scan_cache is None else Path(scan_cache),
        )
        self._estimating = Estimating(
            self._history, self._forecast, self.dataset.train, self.events
        )
        self._inspecting = Inspecting(
            self._history, self._forecast, files, self.dataset, self.events
        )
        self._anticipation = Anticipation(
            self._history, self._forecast, self._sensing, probing, self.events
        )
        self._spot_checks = SpotChecks(
            self._history,
            self._forecast,
            self._anticipation,
            probing,
            self.events,
        )
        self._budgets = Budgets(
            self._history, self._forecast, self._sensing, self._anticipation, self._timing
        )
        self._jobs = Jobs(
            self._history,
            gauge,
            probing,
            self._forecast,
            self._recorder,
            self._timing,
            self._anticipation,
            self._runs,
            self.events,
        )
        self._rounds = Rounds(self._history, self._jobs)
        self._exporting = Exporting(
            self._history, gauge, files, self.name, self.origin, self.events
        )
        self._answers = Answers(self._history, probing, self.dataset.probe, self.events)
        self._tasks = TaskRunner(self.events)
        self._scoring = Scoring(self._history, self._forecast, self._tasks, self.events)
        weakref.finalize(self, self._tasks.close)  # a forgotten session leaves no thread behind
        forgotten += self._recall_scan()
        about = opened.model.notes + self.dataset.notes + dense.anatomy.notes
        self.notes = about + self._home.notes + forgotten
        self._keep_up()
        if not self._home.reopened:
            self._report(opened.action)
        self._baseline = self._measure_baseline()
        self._measure_missing()

    def prune(self) -> Step:
        """Carry the plan out; returns the committed step, fully measured."""
        return self.submit_prune().result()

    def finetune(self, epochs: int = 3, **settings: Any) -> Step:
        """Train what is left; returns the committed step.

        Args:
            epochs: Passes over the training data.
            settings: Other fields of `FinetuneSettings`, such as ``distillation=True``, whose
                teacher is the model as it was opened.

        Raises:
            TrainingError: If a setting is unknown, out of range, or does not suit model and data;
                or if training diverged before an epoch was completed.
        """
        asked = FinetuneSettings.from_json({"epochs": epochs, **settings})
        return self.submit_finetune(asked).result()

    def export(
        self,
        directory: str | Path,
        formats: Formats = DEFAULT_FORMATS,
        *,
        overwrite: bool = False,
    ) -> ExportReport:
        """Write the current model and check every file; see `workbench.export.package`.

        Args:
            directory: Made if missing.
            formats: Names of `workbench.export.formats.FORMATS`, or formats with settings.
            overwrite: Whether an export that is there is replaced, all of it.
        """
        return self.submit_export(directory, formats, overwrite=overwrite).result()

    def submit_prune(self) -> Task[Step]:
        """Queue pruning by the plan as it is now."""
        return self._submit("prune", "pruning", self._jobs.prune(self._plan))

    def submit_finetune(self, settings: FinetuneSettings) -> Task[Step]:
        """Queue fine-tuning; a cancelled one commits nothing."""
        return self._submit("finetune", "fine-tuning", self._jobs.train(Finetune(settings)))

    def submit_export(
        self,
        directory: str | Path,
        formats: Formats = DEFAULT_FORMATS,
        *,
        overwrite: bool = False,
    ) -> Task[ExportReport]:
        """Queue an export of the step that is current then."""
        self.settle_plan()
        told = Told(
            self.targets, self.notes, self.plan.seed, lambda: self.recipe(export=formats).to_yaml()
        )
        work = self._exporting.export(Path(directory), formats, told, overwrite=overwrite)
        return self._tasks.submit("export", "exporting", work)

    def perform(self, action: Action) -> Any:
        """Do what an action says, as the method of its name would.

        Returns:
            What that method returns.

        Raises:
            WorkbenchError: If it cannot be done; the session is as it was before.
        """
        return action.perform(self)

    def cancel(self) -> None:
        """Stop what runs and what waits; committed steps stay."""
        self._tasks.cancel()

    def close(self) -> None:
        """Cancel everything, end the engine thread, and let others write to the directory."""
        self.settle_plan()
        self._tasks.close()
        self._home.close()

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
