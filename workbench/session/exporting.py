"""Exports of a session: the step that is current when the work runs, beside the dense model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from workbench.actions import Export
from workbench.events import ActionTaken, EventBus
from workbench.export.formats import Formats, Subject, chosen_formats
from workbench.export.package import ExportReport, export_package
from workbench.progress import Monitor
from workbench.session.history import History
from workbench.session.measuring import Gauge
from workbench.session.onnx_files import OnnxFiles


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
        self, directory: Path, formats: Formats, *, overwrite: bool
    ) -> Callable[[Monitor], ExportReport]:
        """Write the step that is current when the work runs."""

        def work(monitor: Monitor) -> ExportReport:
            history, dataset = self.history, self.gauge.dataset
            subject = Subject(
                history.model,
                history.model_of(0).module,
                dataset,
                self.gauge.example_input,
                self.origin,
                self.name,
            )
            about: dict[str, object] = {
                "name": self.name,
                "data": dataset.name,
                "classes": list(dataset.classes),
                "input_shape": list(dataset.input_shape),
                "metrics": history.current.metrics.to_json(),
            }
            step = history.current.id
            report = export_package(
                directory,
                subject,
                formats=formats,
                about=about,
                dense_onnx=self.dense.file if step else None,
                overwrite=overwrite,
                monitor=monitor,
            )
            spelled = tuple(one.spelled for one in chosen_formats(formats))
            self.bus.emit(ActionTaken(Export(str(directory), spelled), step))
            return report

        return work
