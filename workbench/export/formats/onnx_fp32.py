"""ONNX in float32."""

from dataclasses import dataclass
from typing import ClassVar

from workbench.export.checking import Run
from workbench.export.formats.base import Format, Workshop
from workbench.export.onnx import DATA_SUFFIX, runner
from workbench.progress import SILENT, Monitor


@dataclass(frozen=True)
class OnnxFloat32(Format):
    """The model as it is, for any runtime that reads ONNX."""

    name: ClassVar[str] = "onnx"
    title: ClassVar[str] = "ONNX"
    purpose: ClassVar[str] = "For ONNX Runtime and nearly every other runtime; float32, exact."
    files: ClassVar[tuple[str, ...]] = ("model.onnx", f"model.onnx{DATA_SUFFIX}")
    runtime: ClassVar[str] = "ONNX Runtime"
    in_onnx_runtime: ClassVar[bool] = True

    def write(self, workshop: Workshop, monitor: Monitor = SILENT) -> tuple[str, ...]:
        """See `Format`."""
        monitor.report(0, 1, "exporting to ONNX")
        main = workshop.onnx.name
        return tuple(name for name in self.files if name == main or workshop.path(name).exists())

    def open(self, workshop: Workshop) -> Run:
        """See `Format`."""
        return runner(workshop.onnx)
