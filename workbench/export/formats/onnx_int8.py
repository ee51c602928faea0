"""ONNX in int8, quantized by ranges that training images show."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, get_args

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

from workbench.errors import ExportError
from workbench.export.calibration import CalibrationImages
from workbench.export.checking import Run
from workbench.export.formats.base import Format, Workshop
from workbench.export.onnx import runner
from workbench.progress import SILENT, Monitor, Part

Calibration = Literal["minmax", "entropy", "percentile"]

_METHODS = {
    "minmax": CalibrationMethod.MinMax,
    "entropy": CalibrationMethod.Entropy,
    "percentile": CalibrationMethod.Percentile,
}
_LAYERS = ("Conv", "Gemm", "MatMul")
_IN_FLOAT = (0, 1, 2, 4, 8)
"""How many of the first layers are tried in float32, in this order."""


@dataclass(frozen=True)
class OnnxInt8(Format):
    """Weights and activations in 8 bits: QDQ form, weights per channel.

    Weights use 7 of the 8 bits unless `full_range`: x86 CPUs without VNNI add pairs of products
    in 16 bits, which 8-bit weights overflow; a file is to be right on any CPU.

    The first layers see the widest ranges and have few weights. Where 8 bits change too many
    answers on the calibration images, as few of them as it takes stay in float32.

    Attributes:
        calibration: How ranges of activations come from training images.
        images: How many training images are run.
        agreement: Share of these images to be answered as in float32, in [0, 1]; 0 quantizes all
            layers. If it cannot be reached, the first eight stay in float32.
        full_range: Whether weights use all 8 bits; for CPUs with VNNI, and for Arm.
        seed: For which images.

    Raises:
        ExportError: If the calibration is unknown, or the agreement is out of range.
    """

    calibration: Calibration = "minmax"
    images: int = 256
    agreement: float = 0.95
    full_range: bool = False
    seed: int = 0

    name: ClassVar[str] = "onnx-int8"
    title: ClassVar[str] = "ONNX int8"
    purpose: ClassVar[str] = (
        "A quarter of the size, and fast on CPUs; calibrated on training images."
    )
    files: ClassVar[tuple[str, ...]] = ("model-int8.onnx",)
    exact: ClassVar[bool] = False
    runtime: ClassVar[str] = "ONNX Runtime"
    in_onnx_runtime: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.calibration not in get_args(Calibration):
            raise ExportError(
                f"calibration must be one of {', '.join(get_args(Calibration))}; got "
                f"{self.calibration!r}."
            )
        if not 0 <= self.agreement <= 1:
            raise ExportError(
                f"agreement must be a share of the images, in [0, 1]; got {self.agreement!r}."
            )

    def expected_bytes(self, stored_bytes: int) -> int:
        """See `Format`."""
        return stored_bytes // 2  # with the file that prepares it

    def write(self, workshop: Workshop, monitor: Monitor = SILENT) -> tuple[str, ...]:
        """See `Format`."""
        prepared = workshop.prepared_onnx(self.title)
        layers = [node.name for node in onnx.load(prepared).graph.node if node.op_type in _LAYERS]
        counts = [count for count in _IN_FLOAT if count < len(layers)] or [0]
        wanted = self._classes(workshop, runner(prepared)) if self.agreement else None
        for place, count in enumerate(counts):
            part = Part(monitor, place, place + 1, len(counts))
            self._quantize(workshop, prepared, layers[:count], part)
            if wanted is None or self._agrees(workshop, wanted) >= self.agreement:
                break
        return self.files

    def _quantize(
        self, workshop: Workshop, prepared: Path, in_float: Sequence[str], monitor: Monitor
    ) -> None:
        quantize_static(
            prepared,
            workshop.path(self.files[0]),
            self._calibration_images(workshop, monitor),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=not self.full_range,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=_METHODS[self.calibration],
            nodes_to_exclude=list(in_float),
            # One batch at a time: the calibrator keeps every activation of a range in memory.
            extra_options={"CalibStridedMinMax": 1},
            # The images are run once, however many layers are tried in float32.
            calibration_cache_path=workshop.path(
                f"ranges-{self.calibration}-{self.images}-{self.seed}.json"
            ),
        )

    def _agrees(self, workshop: Workshop, wanted: np.ndarray) -> float:
        """Share of the calibration images that the file answers as wanted."""
        return float((self._classes(workshop, self.open(workshop)) == wanted).mean())

    def _classes(self, workshop: Workshop, run: Run) -> np.ndarray:
        """What a network answers on the calibration images, shape ``(images,)``."""
        images = self._calibration_images(workshop)
        return np.concatenate([run(batch).argmax(1) for batch in _batches(images)])

    def _calibration_images(
        self, workshop: Workshop, monitor: Monitor = SILENT
    ) -> CalibrationImages:
        return CalibrationImages(workshop.subject.dataset.train, self.images, self.seed, monitor)

    def open(self, workshop: Workshop) -> Run:
        """See `Format`."""
        return runner(workshop.path(self.files[0]))

    def notes(self, workshop: Workshop) -> tuple[str, ...]:
        """See `Format`."""
        graph = onnx.load(workshop.path(self.files[0])).graph
        made_by = {output: node.op_type for node in graph.node for output in node.output}
        layers = [node for node in graph.node if node.op_type in _LAYERS]
        count = sum(made_by.get(node.input[1]) != "DequantizeLinear" for node in layers)
        if not count:
            return ()
        return (f"{count} of {len(layers)} layers stay in float32, where 8 bits cost too much.",)


def _batches(images: CalibrationImages) -> Iterator[np.ndarray]:
    while (batch := images.get_next()) is not None:
        yield batch["input"]
