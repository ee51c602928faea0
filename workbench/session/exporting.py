"""Exports of a session: the step that is current when the work runs, beside the dense model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from workbench.actions import Export
from workbench.events import ActionTaken, EventBus
from workbench.export.formats import Formats, Subject, chosen_formats
from workbench.export.package import ExportReport, export_package
from workbench.export.story import Chapter, Story
from workbench.progress import Monitor
from workbench.session.history import History
from workbench.session.measuring import Gauge
from workbench.session.onnx_files import OnnxFiles


@dataclass(frozen=True)
class Told:
    """What a session says of itself in a report.

    Attributes:
        targets: What was to be reached, by metric.
        notes: Sentences that belong beside figures.
        seed: Of splits, probe set and plans.
        recipe: Gives the recipe as YAML.
    """

    targets: Mapping[str, float]
    notes: tuple[str, ...]
    seed: int
    recipe: Callable[[], str]


@dataclass(frozen=True)
class Exporting:
    """Makes the work of an export.

    Attributes:
        history: What can be exported.
        gauge: Knows the data and the input that is timed.
        dense: The file that exported ones are timed beside.
        name: What the model is called.
        origin: How the dense model is built.
        bus: Told when an export is written.
    """

    history: History
    gauge: Gauge
    dense: OnnxFiles
    name: str
    origin: Mapping[str, object]
    bus: EventBus

    def export(
        self, directory: Path, formats: Formats, told: Told, *, overwrite: bool
    ) -> Callable[[Monitor], ExportReport]:
        """Write the step that is current when the work runs.

        Args:
            directory: Where to.
            formats: In which formats.
            told: What only the session knows, asked when the work runs.
            overwrite: Whether an export that is there is replaced.
        """

        def work(monitor: Monitor) -> ExportReport:
            history = self.history
            step = history.current.id
            subject = Subject(
                history.model,
                history.model_of(0).module,
                self.gauge.dataset,
                self.gauge.example_input,
                self.origin,
                self.name,
            )
            report = export_package(
                directory,
                subject,
                formats=formats,
                story=self._story(told),
                dense_onnx=self.dense.file if step else None,
                overwrite=overwrite,
                monitor=monitor,
            )
            spelled = tuple(one.spelled for one in chosen_formats(formats))
            self.bus.emit(ActionTaken(Export(str(directory), spelled), step))
            return report

        return work

    def _story(self, told: Told) -> Story:
        chapters = tuple(
            Chapter(step.title, step.created, step.metrics, step.units, step.remark, step.notes)
            for step in self.history.path()
        )
        return Story(
            self.name,
            self.gauge.dataset.name,
            chapters,
            targets=told.targets,
            notes=told.notes,
            seed=told.seed,
            recipe=told.recipe(),
        )
