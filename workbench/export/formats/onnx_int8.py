"""ONNX in int8, quantized by ranges that training images show."""

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

from workbench.errors import ExportError
from workbench.export.calibration import CalibrationImages
from workbench.export.checking import Run
from workbench.export.formats.base import Format, Workshop
from workbench.export.onnx import runner
from workbench.progress import SILENT, Monitor

Calibration = Literal["minmax", "entropy", "percentile"]

_METHODS = {
    "minmax": CalibrationMethod.MinMax,
    "entropy": CalibrationMethod.Entropy,
    "percentile": CalibrationMethod.Percentile,
}


@dataclass(frozen=True)
class OnnxInt8(Format):
    """Weights and activations in 8 bits: QDQ form, weights per channel.

    Weights use 7 of the 8 bits unless `full_range`: x86 CPUs without VNNI add pairs of products
    in 16 bits, which 8-bit weights overflow; a file is to be right on any CPU.

    Attributes:
        calibration: How ranges of activations come from training images.
        images: How many training images are run.
        full_range: Whether weights use all 8 bits; for CPUs with VNNI, and for Arm.
        seed: For which images.

    Raises:
        ExportError: If the calibration is unknown.
    """

    calibration: Calibration = "minmax"
    images: int = 256
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

    def expected_bytes(self, stored_bytes: int) -> int:
        """See `Format`."""
        return stored_bytes // 2  # with the file that prepares it

    def write(self, workshop: Workshop, monitor: Monitor = SILENT) -> tuple[str, ...]:
        """See `Format`."""
        reader = CalibrationImages(workshop.subject.dataset.train, self.images, self.seed, monitor)
        quantize_static(
            workshop.prepared_onnx(self.title),
            workshop.path(self.files[0]),
            reader,
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=not self.full_range,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=_METHODS[self.calibration],
            # One batch at a time: the calibrator keeps every activation of a range in memory.
            extra_options={"CalibStridedMinMax": 1},
        )
        return self.files

    def open(self, workshop: Workshop) -> Run:
        """See `Format`."""
        return runner(workshop.path(self.files[0]))
