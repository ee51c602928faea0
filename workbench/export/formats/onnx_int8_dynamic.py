"""ONNX with int8 weights, whose activations are quantized as they come."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic

from workbench.export.checking import Run
from workbench.export.formats.base import Format, Workshop
from workbench.export.onnx import runner
from workbench.progress import SILENT, Monitor

_FIRST = 2


@dataclass(frozen=True)
class OnnxInt8Dynamic(Format):
    """Weights in 8 bits, one scale a tensor; needs no data.

    Attributes:
        convolutions: Whether convolutions are quantized too. Their weights are unsigned then, as
            ONNX Runtime's CPU asks for; they get smaller, not faster.
        sensitive: Whether those that one scale costs the most are quantized too: the first two,
            which see the widest ranges, and grouped ones, whose channels differ the most. They
            have few weights.
    """

    convolutions: bool = True
    sensitive: bool = False

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
        prepared = workshop.prepared_onnx(self.title)
        quantize_dynamic(
            prepared,
            workshop.path(self.files[0]),
            op_types_to_quantize=["MatMul", "Gemm", *(["Conv"] if self.convolutions else [])],
            weight_type=QuantType.QUInt8 if self.convolutions else QuantType.QInt8,
            nodes_to_exclude=[] if self.sensitive else list(_sensitive(onnx.load(prepared).graph)),
        )
        return self.files

    def open(self, workshop: Workshop) -> Run:
        """See `Format`."""
        return runner(workshop.path(self.files[0]))

    def notes(self, workshop: Workshop) -> tuple[str, ...]:
        """See `Format`."""
        nodes = [node.op_type for node in onnx.load(workshop.path(self.files[0])).graph.node]
        kept, quantized = nodes.count("Conv"), nodes.count("ConvInteger")
        if not kept or not quantized:
            return ()
        total = kept + quantized
        return (f"{kept} of {total} convolutions stay in float32, where one scale costs too much.",)


def _sensitive(graph: onnx.GraphProto) -> Iterator[str]:
    """Names of convolutions that lose the most by one scale for all channels."""
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    for place, node in enumerate(convolutions):
        groups = next((one.i for one in node.attribute if one.name == "group"), 1)
        if place < _FIRST or groups > 1:
            yield node.name
