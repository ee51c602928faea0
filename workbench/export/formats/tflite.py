"""TFLite, for LiteRT on phones and microcontrollers."""

import copy
import importlib.util
import os
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from workbench.errors import ExportError
from workbench.export.checking import Run
from workbench.export.formats.base import Format, Workshop
from workbench.export.tracing import first_cause
from workbench.progress import SILENT, Monitor

_NEEDED = ("litert_torch", "ai_edge_litert")


@dataclass(frozen=True)
class TFLite(Format):
    """float32, for one input at a time."""

    name: ClassVar[str] = "tflite"
    title: ClassVar[str] = "TFLite"
    purpose: ClassVar[str] = "For LiteRT on phones and small devices; one input at a time."
    extra: ClassVar[str] = "tflite"
    files: ClassVar[tuple[str, ...]] = ("model.tflite",)
    runtime: ClassVar[str] = "LiteRT"

    @classmethod
    def missing(cls) -> str:
        """See `Format`."""
        if all(importlib.util.find_spec(name) for name in _NEEDED):
            return ""
        return f"it needs pip install 'pruning-workbench[{cls.extra}]'"

    def write(self, workshop: Workshop, monitor: Monitor = SILENT) -> tuple[str, ...]:
        """See `Format`."""
        import litert_torch  # noqa: PLC0415 - optional, and slow to load

        monitor.report(0, 1, "converting to TFLite")
        os.environ.setdefault("LITERT_TORCH_SHOW_PROGRESS", "n")  # else it prints dozens of lines
        module = copy.deepcopy(workshop.subject.model.module).eval()
        try:
            with torch.no_grad():
                converted = litert_torch.convert(module, (workshop.subject.example_input[:1],))
            converted.export(str(workshop.path(self.files[0])))
        except Exception as error:  # the converter raises many unrelated types
            raise ExportError(
                f"{type(module).__name__} cannot be converted to TFLite: {first_cause(error)}. "
                "Export without 'tflite'; the full story is in this error's cause."
            ) from error
        return self.files

    def open(self, workshop: Workshop) -> Run:
        """See `Format`."""
        from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415 - optional

        interpreter = Interpreter(str(workshop.path(self.files[0])), num_threads=1)
        interpreter.allocate_tensors()
        (given,), wanted = interpreter.get_input_details(), interpreter.get_output_details()[0]

        def answer(one: np.ndarray) -> np.ndarray:
            interpreter.set_tensor(given["index"], one[None])
            interpreter.invoke()
            return np.array(interpreter.get_tensor(wanted["index"])[0])

        return lambda inputs: np.stack([answer(one) for one in inputs])
