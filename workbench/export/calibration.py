"""Training images for the quantizer, a bounded batch at a time."""

import math
from typing import Any

import torch
from onnxruntime.quantization import CalibrationDataReader, calibrate

from workbench.data.dataset import Split
from workbench.errors import ExportError
from workbench.progress import SILENT, Monitor

_BATCH_INPUTS = 32
_BATCH_NUMBERS = 2**20  # 4 MB of inputs: the calibrator keeps every activation of a batch

# The calibrators print to standard output, which belongs to whoever runs the notebook.
vars(calibrate)["print"] = lambda *_: None


class CalibrationImages(CalibrationDataReader):  # type: ignore[misc]
    """Hands out random training inputs; one pass over them, in ranges of one batch.

    Args:
        split: Where they come from.
        images: How many, at least 1; fewer if the split has fewer.
        seed: For which.
        monitor: Told before every batch; may cancel.

    Raises:
        ExportError: If the number is out of range, or the split is empty.
    """

    def __init__(self, split: Split, images: int, seed: int = 0, monitor: Monitor = SILENT) -> None:
        if isinstance(images, bool) or not isinstance(images, int) or images < 1:
            raise ExportError(f"calibration needs at least 1 training image, got {images!r}.")
        if not len(split):
            raise ExportError(
                "int8 export is calibrated on training data, got a split with 0 inputs. Open the "
                "model with training data, or choose 'onnx-int8-dynamic', which needs none."
            )
        order = torch.Generator().manual_seed(seed)
        first, _ = next(split.batches(1))
        self.images = min(images, len(split))
        size = max(1, min(_BATCH_INPUTS, _BATCH_NUMBERS // max(1, first.numel()), self.images))
        self._batches = split.batches(size, shuffle=order)
        self._size, self._left = size, self.images
        self._monitor, self._place, self._end = monitor, 0, len(self)

    def __len__(self) -> int:
        """Number of batches."""
        return math.ceil(self.images / self._size)

    def set_range(self, start_index: int, end_index: int) -> None:
        """Hand out batches up to one; called by the quantizer with one range after another."""
        self._end = end_index

    def get_next(self) -> dict[str, Any] | None:
        """The next batch by input name, or None at the end of the range."""
        self._monitor.report(self._place, len(self), "calibrating on training images")
        if self._place >= self._end:
            return None
        self._place += 1
        inputs, _ = next(self._batches)
        inputs, self._left = inputs[: self._left], self._left - len(inputs)
        return {"input": inputs.numpy()}
