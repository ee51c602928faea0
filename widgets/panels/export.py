"""Export panel: where to write the model, and the proof that it works."""

from collections.abc import Callable

import ipywidgets

from widgets import wording
from widgets.panels.controls import action_button, enable, labelled, set_text, text
from widgets.reasons import why_still
from workbench import Session
from workbench.export.package import ExportReport


class ExportPanel:
    """A directory, Export, and the report.

    Args:
        session: What is exported.
        export: Called with the directory when Export is pressed.
    """

    def __init__(self, session: Session, export: Callable[[str], None]) -> None:
        self._session = session
        self._directory = ipywidgets.Text(f"exports/{session.name}", layout={"width": "240px"})
        self._directory.add_class("pw-directory")
        self._button = action_button(
            "Export", "export", lambda: export(self._directory.value), style="primary"
        )
        self._report = text("export-report")
        controls = ipywidgets.HBox([labelled("directory", self._directory), self._button])
        controls.add_class("pw-toolbar")
        self.root = ipywidgets.VBox([controls, self._report])

    def update(self) -> None:
        """Show what can be done now."""
        reason = why_still(self._session)
        enable(self._button, "Write ONNX and check it against PyTorch on the test data", reason)

    def show(self, report: ExportReport) -> None:
        """Show what an export wrote."""
        set_text(self._report, report_text(report))


def report_text(report: ExportReport) -> str:
    """A report in words."""
    files = "\n".join(f"{name}  {wording.size(size)}" for name, size in report.files.items())
    check = report.check
    return (
        f"Written to {report.directory}\n{files}\n\n"
        f"ONNX Runtime against PyTorch on {check.inputs} test inputs: same class for "
        f"{wording.percent(check.top1_agreement)}, largest difference of an output "
        f"{check.max_difference:.1e}."
    )
