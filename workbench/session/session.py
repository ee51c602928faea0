"""The session: the one thing that changes, a thin facade over tasks, history and plan."""

import contextlib
import copy
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn

from workbench.anatomy import Anatomy
from workbench.criteria import criterion_named
from workbench.data import Dataset, open_data
from workbench.errors import BusyError
from workbench.events import (
    EventBus,
    HistoryChanged,
    PlanChanged,
    PreviewMeasured,
    TargetsChanged,
)
from workbench.export.package import ExportReport, export_package
from workbench.finetune import FinetuneSettings, finetune
from workbench.layers import LayerInfo
from workbench.measure.accuracy import Evaluation, evaluate
from workbench.measure.metrics import Metrics
from workbench.models import open_model
from workbench.plan import Plan
from workbench.predict import Prediction, Predictor
from workbench.progress import Cancelled, Monitor, Part
from workbench.pruned import PrunedModel
from workbench.session.history import History, Step
from workbench.session.measuring import Gauge
from workbench.session.recorder import Recorder
from workbench.session.targets import checked_targets
from workbench.session.tasks import Task, TaskRunner
from workbench.session.training_log import TrainingLog
from workbench.units import Unit, check_units

CHANGES = ("prune", "finetune")
"""Kinds of task that commit a step; the history stands still while one is under way."""


class Session:
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

    Attributes:
        name: What the model is called.
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
    ) -> None:
        self.dataset: Dataset = open_data(data, normalize=normalize, seed=seed)
        opened = open_model(
            model,
            num_classes=len(self.dataset.classes),
            input_shape=self.dataset.input_shape,
            weights=weights,
        )
        self.name, self.origin = opened.name, opened.origin
        self.notes = (*opened.notes, *self.dataset.notes)
        one_input = (self.dataset.example_input() if example_input is None else example_input)[:1]
        self.events = EventBus()
        self.training = TrainingLog()
        self.events.subscribe(self.training)
        dense = PrunedModel(Anatomy.of(opened.module, one_input), opened.module)
        self._gauge = Gauge(self.dataset, one_input)
        self._plan = Plan(seed=seed)
        self._targets: Mapping[str, float] = checked_targets({})
        self._previewed: tuple[PrunedModel, Plan, Evaluation] | None = None
        self._lock = threading.RLock()
        self._predictor = Predictor(dense)
        self._scores: tuple[PrunedModel, Plan, dict[str, np.ndarray]] | None = None
        self._history = History(dense, self._gauge.counts(dense), f"opened {opened.name}")
        self._tasks = TaskRunner(self.events)
        self._recorder = Recorder(self._history, self._gauge, self.events)
        self._baseline = self._tasks.submit(
            "measure", "measuring the baseline", self._recorder.measure_opened
        )

    # What there is

    @property
    def model(self) -> nn.Module:
        """The current module."""
        return self._history.model.module

    @property
    def pruned(self) -> PrunedModel:
        """The current module with what was removed from the dense one."""
        return self._history.model

    @property
    def anatomy(self) -> Anatomy:
        """The dense model: its layers, groups and units."""
        return self._history.model.anatomy

    @property
    def layers(self) -> tuple[LayerInfo, ...]:
        """The dense model's layers."""
        return self.anatomy.layers

    @property
    def units(self) -> tuple[Unit, ...]:
        """What one slider drives, for the plan's granularity."""
        return self.anatomy.units(self._plan.granularity)

    @property
    def history(self) -> History:
        """All steps."""
        return self._history

    @property
    def baseline(self) -> Metrics:
        """Everything measured of the model as it was opened; waits for it."""
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
        criterion_named(plan.criterion)
        check_units(plan, self.anatomy.units(plan.granularity))
        with self._lock:
            if plan == self._plan:
                return
            self._plan = plan
        self._tasks.cancel("preview")
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

    @property
    def previewed(self) -> Evaluation | None:
        """The probe set's outcome for exactly this plan and model, if it was measured."""
        found = self._previewed
        same = found is not None and found[0] is self.pruned and found[1] == self._plan
        return found[2] if found is not None and same else None

    def alive(self) -> dict[str, np.ndarray]:
        """By unit name, bool per original channel or weight: what is left now."""
        return self.pruned.alive(self._plan.granularity)

    def left(self) -> dict[str, int]:
        """By unit name, how many channels or weights are left now."""
        return dict(self._predictor_now().left(self._plan.granularity))

    def scores(self) -> dict[str, np.ndarray]:
        """Importance by unit name, per original channel or weight, by the plan's criterion."""
        rule = self._plan.with_(ratio=0.0, ratios={}, locks=frozenset(), scope="local")
        with self._lock:
            if self._scores is None or self._scores[:2] != (self.pruned, rule):
                self._scores = (self.pruned, rule, self.pruned.scores(rule))
            return self._scores[2]

    def predict(self) -> Prediction:
        """What the plan would lead to, by arithmetic, at once."""
        plan = self._plan
        scores = self.scores() if plan.scope == "global" else None
        return self._predictor_now().predict(plan, scores)

    # What can be done

    def preview(self) -> Evaluation:
        """Accuracy on the probe set with the plan carried out on a copy."""
        return self.submit_preview().result()

    def prune(self) -> Step:
        """Carry the plan out; returns the committed step, fully measured."""
        return self.submit_prune().result()

    def finetune(self, epochs: int = 3, **settings: Any) -> Step:
        """Train what is left; returns the committed step.

        Args:
            epochs: Passes over the training data.
            settings: Other fields of `FinetuneSettings`.
        """
        return self.submit_finetune(FinetuneSettings(epochs=epochs, **settings)).result()

    def export(self, directory: str | Path, formats: tuple[str, ...] = ("onnx",)) -> ExportReport:
        """Write the current model; see `workbench.export.package`."""
        return self.submit_export(directory, formats).result()

    def submit_preview(self) -> Task[Evaluation]:
        """Queue a preview; one that waits or runs is dropped."""
        self._tasks.cancel("preview")
        plan, current = self._plan, self.pruned

        def work(monitor: Monitor) -> Evaluation:
            pruned, _ = current.prune(plan)
            found = evaluate(pruned.module, self.dataset.probe, monitor=monitor)
            self._previewed = (current, plan, found)
            self.events.emit(PreviewMeasured(plan, found.accuracy, found.inputs))
            return found

        return self._tasks.submit("preview", "measuring the plan", work)

    def submit_prune(self) -> Task[Step]:
        """Queue pruning by the plan as it is now."""
        self._tasks.cancel("preview")
        plan = self._plan

        def work(monitor: Monitor) -> Step:
            monitor.report(0, 100, "pruning")
            pruned, results = self.pruned.prune(plan)
            title = f"pruned {plan.granularity}s by {plan.criterion}"
            rest = Part(monitor, 10, 100, 100)
            return self._recorder.commit(pruned, "prune", title, rest, units=results, plan=plan)

        return self._tasks.submit("prune", "pruning", work)

    def submit_finetune(self, settings: FinetuneSettings) -> Task[Step]:
        """Queue fine-tuning; a cancelled one commits nothing."""
        self._tasks.cancel("preview")

        def work(monitor: Monitor) -> Step:
            current = self.pruned
            module = copy.deepcopy(current.module)
            epochs = finetune(
                module,
                self.dataset,
                settings,
                masks=current.masks,
                report=self.events.emit,
                monitor=Part(monitor, 0, 90, 100),
            )
            title = f"fine-tuned {settings.epochs} epochs"
            rest = Part(monitor, 90, 100, 100)
            trained = current.with_module(module)
            return self._recorder.commit(trained, "finetune", title, rest, epochs=epochs)

        return self._tasks.submit("finetune", "fine-tuning", work)

    def submit_export(
        self, directory: str | Path, formats: tuple[str, ...] = ("onnx",)
    ) -> Task[ExportReport]:
        """Queue an export of the step that is current then."""

        def work(monitor: Monitor) -> ExportReport:
            return export_package(
                Path(directory),
                self.pruned,
                self.dataset,
                self._gauge.example_input,
                origin=self.origin,
                metrics=self._history.current.metrics,
                formats=formats,
                monitor=monitor,
            )

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

    @property
    def busy(self) -> bool:
        """Whether a step is about to be committed."""
        return bool(self._tasks.unfinished(*CHANGES))

    def close(self) -> None:
        """Cancel everything and end the engine thread."""
        self._tasks.close()

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _move(self, move: Callable[[], Step]) -> Step:
        if self.busy:
            title = self._tasks.unfinished(*CHANGES)[0].title
            raise BusyError(
                f"the history cannot be moved while a step is being made (now: {title}). "
                "Wait for it, or cancel it first."
            )
        self._tasks.cancel("preview")
        step = move()
        self.events.emit(HistoryChanged(step.id))
        return step

    def _predictor_now(self) -> Predictor:
        with self._lock:
            if self._predictor.current is not self.pruned:
                self._predictor = Predictor(self.pruned)
            return self._predictor
