"""Export panel: in which formats, where to, and the proof that what was written works."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import ipywidgets

from widgets.export_table import export_table
from widgets.panels.controls import action_button, enable, labelled, set_text, show, text
from widgets.reasons import why_still
from workbench import Session
from workbench.export.formats import FORMATS, Format
from workbench.export.formats.bundle import Bundle
from workbench.export.formats.onnx_int8 import Calibration, OnnxInt8
from workbench.export.package import DEFAULT_FORMATS, ExportReport, present


@dataclass(frozen=True)
class ExportActions:
    """What the panel asks for.

    Attributes:
        export: Write the model: the directory, the formats, and whether to replace an export.
        redraw: What can be done may have changed.
    """

    export: Callable[[str, tuple[Format, ...], bool], None]
    redraw: Callable[[], None]


class ExportPanel:
    """A box to tick for every format, a directory, Export, and the table of what came of it.

    Args:
        session: What is exported.
        actions: What is asked for.
    """

    def __init__(self, session: Session, actions: ExportActions) -> None:
        self._session, self._actions = session, actions
        self._boxes = {
            name: _box(kind, name in DEFAULT_FORMATS)
            for name, kind in FORMATS.items()
            if kind is not Bundle
        }
        self._calibration = ipywidgets.Dropdown(
            options=get_args(Calibration), layout={"width": "110px"}
        )
        self._calibration.add_class("pw-calibration")
        self._directory = ipywidgets.Text(f"exports/{session.name}", layout={"width": "240px"})
        self._directory.add_class("pw-directory")
        self._replace = ipywidgets.Checkbox(
            False,
            description="Replace the export that is there",
            indent=False,
            layout={"width": "auto"},
        )
        self._replace.add_class("pw-replace")
        self._there = text("export-there")
        self._button = action_button("Export", "export", self._press, style="primary")
        self._report = ipywidgets.HTML()
        self._report.add_class("pw-export-report")
        for control in (self._directory, self._replace, *self._boxes.values()):
            control.observe(lambda _: actions.redraw(), "value")
        controls = ipywidgets.HBox([labelled("directory", self._directory), self._button])
        controls.add_class("pw-toolbar")
        asked = ipywidgets.HBox([self._replace, self._there])
        asked.add_class("pw-export-asked")
        self._asked = asked
        self.root = ipywidgets.VBox([self._formats(), controls, asked, self._report])
        self.root.add_class("pw-export-panel")

    @property
    def formats(self) -> tuple[Format, ...]:
        """What is ticked, with its settings."""
        chosen = []
        for name, box in self._boxes.items():
            if box.value and not box.disabled:
                kind = FORMATS[name]
                calibrated = kind is OnnxInt8
                chosen.append(OnnxInt8(self._calibration.value) if calibrated else kind())
        return tuple(chosen)

    def update(self) -> None:
        """Show what can be done now."""
        try:
            found = present(Path(self._directory.value)) if self._directory.value.strip() else []
            reason = self._reason(found)
        except OSError as error:
            found, reason = [], f"this directory cannot be read: {error.strerror}"
        show(self._asked, bool(found))
        set_text(self._there, ", ".join(found))
        self._calibration.disabled = not self._boxes[OnnxInt8.name].value
        enable(self._button, "Write, open again and check on all test data", reason)

    def show(self, report: ExportReport) -> None:
        """Show what an export wrote."""
        self._report.value = export_table(report)
        self._replace.value = False
        self.update()

    def _reason(self, found: list[str]) -> str:
        if busy := why_still(self._session):
            return busy
        if not self._directory.value.strip():
            return "name a directory first"
        if found and not self._replace.value:
            return "there is an export already: tick Replace, or name another directory"
        return ""

    def _press(self) -> None:
        self._actions.export(self._directory.value, self.formats, self._replace.value)

    def _formats(self) -> ipywidgets.Widget:
        rows = []
        for name, box in self._boxes.items():
            kind = FORMATS[name]
            missing = kind.missing()
            words = text("export-purpose", f"Not here: {missing}." if missing else kind.purpose)
            extra = [self._calibration] if kind is OnnxInt8 else []
            row = ipywidgets.HBox([box, words, *extra])
            row.add_class("pw-export-format")
            rows.append(row)
        always = text(
            "export-always",
            "Always: the bundle that workbench.load reads, the recipe, and a report to read.",
        )
        return ipywidgets.VBox([*rows, always])


def _box(kind: type[Format], ticked: bool) -> ipywidgets.Checkbox:
    missing = kind.missing()
    box = ipywidgets.Checkbox(
        ticked and not missing,
        description=kind.title,
        indent=False,
        disabled=bool(missing),
        tooltip=f"Not now: {missing}." if missing else kind.purpose,
        layout={"width": "160px", "flex": "0 0 160px"},
    )
    box.add_class(f"pw-format-{kind.name}")
    return box
