"""What every export format has in common, and what one is told."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import onnx
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import Tensor, nn

from workbench.data.dataset import Dataset
from workbench.errors import ExportError
from workbench.export.checking import Run
from workbench.export.onnx import DATA_SUFFIX, MAX_FILE_BYTES, export_onnx
from workbench.progress import SILENT, Monitor
from workbench.pruned import PrunedModel


@dataclass(frozen=True, eq=False)
class Subject:
    """What is exported.

    Attributes:
        model: The model, and what was removed from it.
        dense: The module it came from, before any pruning; treated as read-only.
        dataset: Files are checked on its test split and calibrated on its training split.
        example_input: Shape ``(1, ...)``.
        origin: How the dense module is built (see `workbench.models.OpenedModel`).
        name: What a person calls it.
    """

    model: PrunedModel
    dense: nn.Module
    dataset: Dataset
    example_input: Tensor
    origin: Mapping[str, object]
    name: str = "model"


@dataclass(frozen=True, eq=False)
class Workshop:
    """Where formats make their files, and what they share.

    Attributes:
        subject: What is exported.
        directory: Files are made here; the ones a format names are published.
        description: What the bundle's ``model.json`` says beyond what builds the model.
    """

    subject: Subject
    directory: Path
    description: Mapping[str, object] = field(default_factory=dict)

    @cached_property
    def onnx(self) -> Path:
        """The model as ONNX in float32, which other formats start from.

        Raises:
            ExportError: If it cannot be converted.
        """
        path = self.directory / "model.onnx"
        return export_onnx(self.subject.model.module, self.subject.example_input, path)

    def onnx_in_one_file(self, what: str) -> Path:
        """The same, for what cannot read weights that lie in a second file.

        Raises:
            ExportError: If they do.
        """
        beside = self.path(f"{self.onnx.name}{DATA_SUFFIX}")
        if beside.exists():
            raise ExportError(
                f"{what} is made from one ONNX file of at most {MAX_FILE_BYTES} bytes, and this "
                f"model has {beside.stat().st_size} bytes of weights. Prune further, or leave it "
                "out."
            )
        return self.onnx

    def prepared_onnx(self, what: str) -> Path:
        """The same, with constants folded and shapes noted, as the quantizers want it."""
        path = self.path("prepared.onnx")
        if not path.exists():
            quant_pre_process(self.onnx_in_one_file(what), path, skip_symbolic_shape=True)
            _forget_shapes_of_weights(path)
        return path

    def path(self, name: str) -> Path:
        """Where a file is made."""
        return self.directory / name


def _forget_shapes_of_weights(path: Path) -> None:
    """The quantizer transposes weights of linear layers, and would trip over their old shapes."""
    proto = onnx.load(path)
    weights = {tensor.name for tensor in proto.graph.initializer}
    known = [value for value in proto.graph.value_info if value.name not in weights]
    del proto.graph.value_info[:]
    proto.graph.value_info.extend(known)
    path.write_bytes(proto.SerializeToString())


class Format(ABC):
    """One way to write a model. Subclasses are frozen dataclasses; their fields are settings.

    Attributes:
        name: What it is called in code.
        title: What a person reads.
        purpose: One line on what it is for.
        extra: The optional part of this package that it needs; empty for none.
        files: Names of every file it may write.
        exact: Whether nothing but rounding may set it apart from the PyTorch model.
        runtime: What runs the file, as a person reads it.
        in_onnx_runtime: Whether ONNX Runtime runs its main file, and can be timed doing it.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    purpose: ClassVar[str]
    extra: ClassVar[str] = ""
    files: ClassVar[tuple[str, ...]]
    exact: ClassVar[bool] = True
    runtime: ClassVar[str]
    in_onnx_runtime: ClassVar[bool] = False

    @property
    def settings(self) -> dict[str, Any]:
        """Its settings by name, as plain data."""
        return asdict(self) if fields(self) else {}  # type: ignore[arg-type, call-overload]

    @property
    def spelled(self) -> str:
        """Its name, and the settings that are not the usual ones: ``onnx-int8:images=512``."""
        changed = [
            f"{one.name}={getattr(self, one.name)}"
            for one in fields(self)  # type: ignore[arg-type]
            if getattr(self, one.name) != one.default
        ]
        return f"{self.name}:{','.join(changed)}" if changed else self.name

    @classmethod
    def missing(cls) -> str:
        """Why it cannot be written here, in a few words; empty if it can."""
        return ""

    def expected_bytes(self, stored_bytes: int) -> int:
        """About how much space its files take, for a model with so many bytes of weights."""
        return stored_bytes

    @abstractmethod
    def write(self, workshop: Workshop, monitor: Monitor = SILENT) -> tuple[str, ...]:
        """Make the files; returns their names, the main one first.

        Raises:
            ExportError: If the model cannot be written this way.
        """

    @abstractmethod
    def open(self, workshop: Workshop) -> Run:
        """Open what `write` made, and return what runs it.

        Raises:
            WorkbenchError: If it cannot be opened.
        """

    def notes(self, workshop: Workshop) -> tuple[str, ...]:
        """Sentences to show beside its figures."""
        return ()
