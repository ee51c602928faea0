"""The Export tab: formats to tick, an export that is there, and the table of what was written."""

from pathlib import Path
from typing import Any

import pytest
from exporting import Plain, pruned_toy, subject

from widgets.export_table import export_table
from widgets.panels.export import ExportActions, ExportPanel
from workbench import Session
from workbench.export.formats import FORMATS
from workbench.export.formats.onnx_int8 import OnnxInt8
from workbench.export.package import ExportReport, export_package


class Asked:
    def __init__(self) -> None:
        self.exports: list[tuple[Any, ...]] = []
        self.redrawn = 0

    def actions(self) -> ExportActions:
        def redraw() -> None:
            self.redrawn += 1

        return ExportActions(lambda *wanted: self.exports.append(wanted), redraw)


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def panel(session: Session, asked: Asked) -> ExportPanel:
    panel = ExportPanel(session, asked.actions())
    panel.update()
    return panel


def test_every_format_but_the_bundle_has_a_box_and_onnx_is_ticked(panel: ExportPanel) -> None:
    assert set(panel._boxes) == FORMATS.keys() - {"bundle"}
    assert [one.name for one in panel.formats] == ["onnx"]


def test_what_is_ticked_is_asked_for_with_its_settings(
    panel: ExportPanel, asked: Asked, tmp_path: Path
) -> None:
    panel._directory.value = str(tmp_path / "out")
    panel._boxes["onnx"].value = False
    panel._boxes["onnx-int8"].value = True
    panel._calibration.value = "entropy"
    assert asked.redrawn
    panel.update()
    panel._button.click()
    assert asked.exports == [(str(tmp_path / "out"), (OnnxInt8("entropy"),), False)]


def test_a_format_that_cannot_be_written_here_says_why(
    session: Session, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FORMATS["onnx"], "missing", classmethod(lambda cls: "install <onnx>"))
    panel = ExportPanel(session, asked.actions())
    box = panel._boxes["onnx"]
    assert box.disabled and not box.value and "install <onnx>" in box.tooltip
    assert panel.formats == ()


def test_an_export_that_is_there_is_replaced_only_once_that_is_ticked(
    panel: ExportPanel, tmp_path: Path
) -> None:
    (tmp_path / "model.onnx").write_bytes(b"old")
    panel._directory.value = str(tmp_path)
    panel.update()
    assert panel._button.disabled and "there is an export already" in panel._button.tooltip
    assert panel._asked.layout.display != "none" and "model.onnx" in panel._there.value
    panel._replace.value = True
    panel.update()
    assert not panel._button.disabled


@pytest.fixture
def report(tmp_path: Path) -> ExportReport:
    return export_package(tmp_path / "<b>out", subject(pruned_toy()), formats=Plain())


def test_the_table_has_a_row_with_figures_for_every_format(report: ExportReport) -> None:
    shown = export_table(report)
    assert shown.count("<tr title=") == 2
    assert "Plain text" in shown and "run on 30 test inputs" in shown and "33.3 %" in shown


def test_small_files_can_be_saved_and_names_are_escaped(
    report: ExportReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = export_table(report)
    assert "<b>out" not in shown and "&lt;b&gt;out" in shown
    assert 'download="plain.txt" href="data:application/octet-stream;base64,cGxhaW4="' in shown
    monkeypatch.setattr("widgets.export_table.MOST_LINKED_BYTES", 3)
    assert "plain.txt</span>" in export_table(report) and "download=" not in export_table(report)


def test_files_travel_with_the_table_as_long_as_there_is_room_for_all_of_them(
    report: ExportReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = [(report.directory / name).stat().st_size for name in report.files]
    monkeypatch.setattr("widgets.export_table.MOST_LINKED_BYTES", sum(sizes))
    assert export_table(report).count("download=") == len(sizes)
    monkeypatch.setattr("widgets.export_table.MOST_LINKED_BYTES", sum(sizes) - 1)
    assert export_table(report).count("download=") == len(sizes) - 1


def test_a_directory_that_cannot_be_read_is_said_and_breaks_nothing(panel: ExportPanel) -> None:
    panel._directory.value = "/" + 300 * "x"
    panel.update()
    assert panel._button.disabled and "this directory cannot be read" in panel._button.tooltip


def test_after_an_export_its_table_is_shown_and_nothing_is_to_be_replaced_unasked(
    panel: ExportPanel, report: ExportReport
) -> None:
    panel._replace.value = True
    panel._directory.value = str(report.directory)
    panel.show(report)
    assert "Plain text" in panel._report.value
    assert not panel._replace.value and panel._button.disabled
