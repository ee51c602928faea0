"""ONNX in float16."""

from dataclasses import dataclass
from typing import ClassVar

import onnx
from onnxruntime.quantization.onnx_model import ONNXModel
from onnxruntime.transformers.float16 import convert_float_to_float16

from workbench.export.checking import Run
from workbench.export.formats.base import Format, Workshop
from workbench.export.onnx import runner
from workbench.progress import SILENT, Monitor


@dataclass(frozen=True)
class OnnxFloat16(Format):
    """Half the bytes; inputs and outputs stay float32."""

    name: ClassVar[str] = "onnx-fp16"
    title: ClassVar[str] = "ONNX float16"
    purpose: ClassVar[str] = "Half the size; for GPUs and accelerators. Not faster on most CPUs."
    files: ClassVar[tuple[str, ...]] = ("model-fp16.onnx",)
    exact: ClassVar[bool] = False
    runtime: ClassVar[str] = "ONNX Runtime"
    in_onnx_runtime: ClassVar[bool] = True

    def expected_bytes(self, stored_bytes: int) -> int:
        """See `Format`."""
        return stored_bytes // 2

    def write(self, workshop: Workshop, monitor: Monitor = SILENT) -> tuple[str, ...]:
        """See `Format`."""
        monitor.report(0, 1, "converting to float16")
        proto = onnx.load(workshop.onnx_in_one_file(self.title))
        # Callers go on handing in float32, whatever the weights are.
        halved = convert_float_to_float16(proto, keep_io_types=True)
        ONNXModel(halved).topological_sort()  # the converter appends its casts at the end
        onnx.checker.check_model(halved)
        workshop.path(self.files[0]).write_bytes(halved.SerializeToString(deterministic=True))
        return self.files

    def open(self, workshop: Workshop) -> Run:
        """See `Format`."""
        return runner(workshop.path(self.files[0]))

    def notes(self, workshop: Workshop) -> tuple[str, ...]:
        """See `Format`."""
        return ("ONNX Runtime computes most float16 operators on a CPU in float32.",)
