"""What an export says of itself: every file, and how it compares."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.errors import ExportError
from workbench.export.checking import Check
from workbench.measure.latency import Latency, Ratio


@dataclass(frozen=True)
class Exported:
    """One format's files, re-opened and run.

    Attributes:
        format: Its name, such as ``"onnx"``.
        title: What a person reads.
        runtime: What ran it.
        files: Name to size in bytes, the main file first.
        check: What it answered on the test data, beside the PyTorch model.
        settings: How it was made.
        latency_ms: Time of one inference of one input; None where it was not measured.
        speedup: Latency of the dense model's float32 ONNX file over this one's, measured in turn.
        speedup_over_onnx: The same over this model's own float32 ONNX file.
        notes: What to know about it.
    """

    format: str
    title: str
    runtime: str
    files: Mapping[str, int]
    check: Check
    settings: Mapping[str, Any] = field(default_factory=dict)
    latency_ms: Latency | None = None
    speedup: Ratio | None = None
    speedup_over_onnx: Ratio | None = None
    notes: tuple[str, ...] = ()

    @property
    def size_bytes(self) -> int:
        """All its files."""
        return sum(self.files.values())


@dataclass(frozen=True)
class ExportReport:
    """What was written, and how it compares with the PyTorch model.

    Attributes:
        directory: Where.
        files: Name to size in bytes, for every file written.
        exported: By format, in the order of `workbench.export.formats.FORMATS`.
    """

    directory: Path
    files: Mapping[str, int]
    exported: tuple[Exported, ...]

    def __getitem__(self, name: str) -> Exported:
        """What came of a format.

        Raises:
            ExportError: If it was not written.
        """
        for one in self.exported:
            if one.format == name:
                return one
        written = ", ".join(one.format for one in self.exported)
        raise ExportError(f"this export holds {written}; got {name!r}.")

    @property
    def check(self) -> Check:
        """Of the first format: ONNX in float32, where it was asked for."""
        return self.exported[0].check
