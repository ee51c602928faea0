"""The long work of a session, as functions of a monitor for the engine thread to call."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from workbench.actions import Export, Finetune, Measure, Prune
from workbench.errors import ModelError
from workbench.events import ActionTaken, EventBus, LatencyMeasured, PreviewMeasured
from workbench.export.package import ExportReport, Formats, export_package
from workbench.measure.accuracy import Evaluation
from workbench.plan import Plan
from workbench.progress import Monitor, Part
from workbench.pruned import PrunedModel
from workbench.session.anticipating import Anticipation
from workbench.session.forecast import Forecast
from workbench.session.history import History, Step
from workbench.session.measuring import Gauge
from workbench.session.probing import Probing
from workbench.session.recorder import Recorder
from workbench.session.timing import Timed, Timing
from workbench.training import FinetuneSettings, finetune


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
            found = self.timing.measure(narrowed, Part(monitor, 50, 100, 100))
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

    def finetune(self, settings: FinetuneSettings) -> Callable[[Monitor], Step]:
        """Train a copy of the current model, and commit."""

        def work(monitor: Monitor) -> Step:
            current = self.history.model
            module = copy.deepcopy(current.module)
            outcome = finetune(
                module,
                self.gauge.dataset,
                settings,
                masks=current.masks,
                teacher=self.history.model_of(0).module,
                channels=current.channels_left(),
                report=self.bus.emit,
                monitor=Part(monitor, 0, 90, 100),
            )
            return self.recorder.commit(
                current.with_module(module),
                Finetune(settings),
                Part(monitor, 90, 100, 100),
                epochs=outcome.results,
                notes=outcome.notes,
            )

        return work

    def measure(self) -> Callable[[Monitor], Step]:
        """Measure the current model, and commit it as it is."""

        def work(monitor: Monitor) -> Step:
            return self.recorder.commit(self.history.model, Measure(), monitor)

        return work

    def export(
        self, directory: Path, formats: Formats, origin: dict[str, object]
    ) -> Callable[[Monitor], ExportReport]:
        """Write the step that is current when the work runs."""

        def work(monitor: Monitor) -> ExportReport:
            report = export_package(
                directory,
                self.history.model,
                self.gauge.dataset,
                self.gauge.example_input,
                origin=origin,
                metrics=self.history.current.metrics,
                formats=formats,
                monitor=monitor,
            )
            listed = (formats,) if isinstance(formats, str) else tuple(formats)
            step = self.history.current.id
            self.bus.emit(ActionTaken(Export(str(directory), listed), step))
            return report

        return work


def _prunable(model: PrunedModel, plan: Plan) -> PrunedModel:
    if plan.granularity == "channel" and model.anatomy.trace_failure:
        raise ModelError(model.anatomy.trace_failure)
    return model
