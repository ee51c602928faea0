"""ONNX with int8 weights, whose activations are quantized as they come."""

from dataclasses import dataclass
from typing import ClassVar

from onnxruntime.quantization import QuantType, quantize_dynamic

from workbench.export.checking import Run
from workbench.export.formats.base import Format, Workshop
from workbench.export.onnx import runner
from workbench.progress import SILENT, Monitor


@dataclass(frozen=True)
class OnnxInt8Dynamic(Format):
    """Weights in 8 bits, one scale a tensor; needs no data.

    Attributes:
        convolutions: Whether convolutions are quantized too. Their weights are unsigned then, as
            ONNX Runtime's CPU asks for; they get smaller, not faster.
    """

    convolutions: bool = True

    name: ClassVar[str] = "onnx-int8-dynamic"
    title: ClassVar[str] = "ONNX int8, dynamic"
    purpose: ClassVar[str] = "A quarter of the size without calibration data; for transformers."
    files: ClassVar[tuple[str, ...]] = ("model-int8-dynamic.onnx",)
    exact: ClassVar[bool] = False
    runtime: ClassVar[str] = "ONNX Runtime"
    in_onnx_runtime: ClassVar[bool] = True

    def expected_bytes(self, stored_bytes: int) -> int:
        """See `Format`."""
        return stored_bytes // 2  # with the file that prepares it

    def write(self, workshop: Workshop, monitor: Monitor = SILENT) -> tuple[str, ...]:
        """See `Format`."""
        monitor.report(0, 1, "quantizing weights")
        quantize_dynamic(
            workshop.prepared_onnx(self.title),
            workshop.path(self.files[0]),
            op_types_to_quantize=["MatMul", "Gemm", *(["Conv"] if self.convolutions else [])],
            weight_type=QuantType.QUInt8 if self.convolutions else QuantType.QInt8,
        )
        return self.files

    def open(self, workshop: Workshop) -> Run:
        """See `Format`."""
        return runner(workshop.path(self.files[0]))
