"""The long work of a session, as functions of a monitor for the engine thread to call."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypedDict

from torch import nn

from workbench.actions import (
    InSeries,
    Measure,
    Prune,
    PruneGradually,
    Recalibrate,
    Reinitialize,
    Rewind,
    Training,
)
from workbench.errors import ModelError
from workbench.events import Event, EventBus, LatencyMeasured, PreviewMeasured, TrainingEnded
from workbench.gradual import prune_gradually
from workbench.lottery import reinitialize, rewind
from workbench.measure.accuracy import Evaluation
from workbench.plan import Plan
from workbench.progress import Monitor, Part
from workbench.pruned import PrunedModel
from workbench.recalibration import recalibrate
from workbench.selection import UnitResult
from workbench.session.anticipating import Anticipation
from workbench.session.forecast import Forecast
from workbench.session.history import History, Step
from workbench.session.measuring import Gauge
from workbench.session.probing import Probing
from workbench.session.recorder import Recorder
from workbench.session.timing import Timed, Timing
from workbench.session.training_runs import TrainingRuns
from workbench.training import TrainingOutcome, TrainingState, finetune


class Reporting(TypedDict):
    """What every training is given: whom to learn from, where to go on, and whom to tell."""

    teacher: nn.Module
    resume: TrainingState | None
    checkpoint: Callable[[TrainingState], None]
    report: Callable[[Event], None]
    monitor: Monitor


@dataclass(frozen=True)
class Jobs:
    """Makes the work; what it needs of the history it reads when it runs."""

    history: History
    gauge: Gauge
    probing: Probing
    forecast: Forecast
    recorder: Recorder
    timing: Timing
    anticipation: Anticipation
    runs: TrainingRuns
    bus: EventBus

    def preview(self, plan: Plan) -> Callable[[Monitor], Evaluation]:
        """Measure the probe set with the plan carried out on a copy of the current model."""
        current = self.history.model

        def work(monitor: Monitor) -> Evaluation:
            model = _prunable(current, plan)
            evidence = self.forecast.evidence(model, plan, Part(monitor, 0, 50, 100))
            pruned, results = model.prune(plan, evidence)
            rest = Part(monitor, 50, 100, 100)
            found = self.probing.answers(pruned, current, rest)
            self.forecast.keep_preview(current, plan, found)
            self.anticipation.note(plan, results, found.accuracy)
            self.bus.emit(PreviewMeasured(plan, found.accuracy, found.inputs))
            return found

        return work

    def time(self, plan: Plan) -> Callable[[Monitor], Timed]:
        """Time the network that the plan makes of the current model."""
        current = self.history.model

        def work(monitor: Monitor) -> Timed:
            model = _prunable(current, plan)
            evidence = self.forecast.evidence(model, plan, Part(monitor, 0, 50, 100))
            narrowed = model
            if plan.granularity == "channel":
                narrowed = replace(model, channels=model.select(plan, evidence).kept)
            measured = self.timing.measure(narrowed, Part(monitor, 50, 100, 100))
            found = measured.beside(self.forecast.dense_ms)
            self.forecast.keep_timed(current, plan, found)
            self.bus.emit(LatencyMeasured(plan, found.latency.median_ms))
            return found

        return work

    def prune(self, plan: Plan) -> Callable[[Monitor], Step]:
        """Carry a plan out, and commit."""

        def work(monitor: Monitor) -> Step:
            monitor.report(0, 100, "pruning")
            model = _prunable(self.history.model, plan)
            evidence = self.forecast.evidence(model, plan, Part(monitor, 0, 10, 100))
            pruned, results = model.prune(plan, evidence)
            rest = Part(monitor, 10, 100, 100)
            return self.recorder.commit(pruned, Prune(plan), rest, units=results)

        return work

    def train(
        self, action: Training, *, resume: bool = False, then: tuple[InSeries, ...] = ()
    ) -> Callable[[Monitor], Step]:
        """Train a copy of the current model, or go on with the run that was stopped; commit.

        Args:
            action: How to train.
            resume: Whether to go on.
            then: What is to follow, to be remembered with the run.
        """

        def work(monitor: Monitor) -> Step:
            state = self.runs.state() if resume else None
            self.runs.begin(action, then)
            trained, results, outcome = self._trained(action, state, Part(monitor, 0, 90, 100))
            step = self.recorder.commit(
                trained,
                action,
                Part(monitor, 90, 100, 100),
                units=results,
                epochs=outcome.results,
                notes=outcome.notes,
            )
            self.bus.emit(TrainingEnded())
            return step

        return work

    def _trained(
        self, action: Training, state: TrainingState | None, monitor: Monitor
    ) -> tuple[PrunedModel, tuple[UnitResult, ...], TrainingOutcome]:
        current, dataset = self.history.model, self.gauge.dataset
        reporting = Reporting(
            teacher=self.history.model_of(0).module,
            resume=state,
            checkpoint=self.runs.checkpoint,
            report=self.bus.emit,
            monitor=monitor,
        )
        if isinstance(action, PruneGradually):
            model = _prunable(current, action.plan)
            settings = action.settings, action.gradual
            return prune_gradually(model, action.plan, dataset, *settings, **reporting)
        module = copy.deepcopy(current.module)
        outcome = finetune(
            module,
            dataset,
            action.settings,
            masks=current.masks,
            channels=current.channels_left(),
            **reporting,
        )
        return current.with_module(module), (), outcome

    def recalibrate(self, batches: int, seed: int) -> Callable[[Monitor], Step]:
        """Estimate the current model's batch-norm statistics again, and commit."""

        def work(monitor: Monitor) -> Step:
            current, training = self.history.model, self.gauge.dataset.train
            reading = Part(monitor, 0, 50, 100)
            module = recalibrate(
                current.module, training, batches=batches, seed=seed, monitor=reading
            )
            action, rest = Recalibrate(batches, seed), Part(monitor, 50, 100, 100)
            return self.recorder.commit(current.with_module(module), action, rest)

        return work

    def rewind(self, step_id: int) -> Callable[[Monitor], Step]:
        """Give what is left of the current model an earlier step's weights, and commit."""

        def work(monitor: Monitor) -> Step:
            rewound = rewind(self.history.model, self.history.model_of(step_id))
            return self.recorder.commit(rewound, Rewind(step_id), monitor)

        return work

    def reinitialize(self, seed: int) -> Callable[[Monitor], Step]:
        """Give what is left of the current model fresh weights, and commit."""

        def work(monitor: Monitor) -> Step:
            fresh = reinitialize(self.history.model, seed)
            return self.recorder.commit(fresh, Reinitialize(seed), monitor)

        return work

    def series(
        self, actions: Sequence[InSeries], *, resume: bool = False
    ) -> Callable[[Monitor], Step]:
        """Do one action after another, each committing a step; returns the last.

        Args:
            actions: At least one.
            resume: Whether the first goes on with the run that was stopped.
        """
        works = [
            self._part(action, tuple(actions[place + 1 :]), resume=resume and place == 0)
            for place, action in enumerate(actions)
        ]

        def work(monitor: Monitor) -> Step:
            for number, part in enumerate(works):
                step = part(Part(monitor, number, number + 1, len(works)))
            return step

        return work

    def _part(
        self, action: InSeries, then: tuple[InSeries, ...], *, resume: bool
    ) -> Callable[[Monitor], Step]:
        match action:
            case Prune(plan):
                return self.prune(plan)
            case Rewind(step_id):
                return self.rewind(step_id)
            case Reinitialize(seed):
                return self.reinitialize(seed)
            case _:
                return self.train(action, resume=resume, then=then)

    def measure(self) -> Callable[[Monitor], Step]:
        """Measure the current model, and commit it as it is."""

        def work(monitor: Monitor) -> Step:
            return self.recorder.commit(self.history.model, Measure(), monitor)

        return work


def _prunable(model: PrunedModel, plan: Plan) -> PrunedModel:
    if plan.granularity == "channel" and model.anatomy.trace_failure:
        raise ModelError(model.anatomy.trace_failure)
    return model
