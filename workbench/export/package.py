"""Export a model to a directory, with proof that it works, and load it from there again.

``model.onnx`` is for other runtimes; ``model.safetensors`` and ``model.json`` (constructor, kept
channels, figures) bring the pruned PyTorch module back without a pickle.
"""

import copy
import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import Tensor, nn

from workbench.data.dataset import Dataset
from workbench.errors import ExportError, ModelError
from workbench.export.onnx import OnnxCheck, onnx_bytes, verify_onnx
from workbench.graph.removal import remove_channels
from workbench.graph.structure import Structure
from workbench.measure.metrics import Metrics
from workbench.models import build_model, load_weights, read_state_dict
from workbench.progress import SILENT, Monitor, Part
from workbench.pruned import PrunedModel
from workbench.store import check_writable, write_whole

FORMATS = ("onnx",)
Formats = str | tuple[str, ...]
"""One format or several, of `FORMATS`."""

FORMAT_VERSION = 1


@dataclass(frozen=True)
class ExportReport:
    """What was written, and how it compares with the PyTorch model.

    Attributes:
        directory: Where.
        files: Name to size in bytes, for every file written.
        check: ONNX Runtime against PyTorch on the test data.
    """

    directory: Path
    files: Mapping[str, int]
    check: OnnxCheck


def export_package(
    directory: Path,
    model: PrunedModel,
    dataset: Dataset,
    example_input: Tensor,
    *,
    origin: Mapping[str, object],
    metrics: Metrics,
    formats: Formats = FORMATS,
    monitor: Monitor = SILENT,
) -> ExportReport:
    """Write a model; the ONNX file is compared with PyTorch on every test input first.

    Args:
        directory: Made if missing; files of the same names are replaced, each atomically.
        model: What to write.
        dataset: Its test split is the proof.
        example_input: Shape ``(1, ...)``.
        origin: How the dense module is built (see `workbench.models.OpenedModel`).
        metrics: Figures that go into ``model.json``.
        formats: Which of `FORMATS`.
        monitor: Receives progress and may cancel.

    Raises:
        ExportError: If a format is unknown, the model cannot be converted, or a file cannot be
            written.
    """
    listed = (formats,) if isinstance(formats, str) else tuple(formats)
    if unknown := [name for name in listed if name not in FORMATS]:
        raise ExportError(f"export formats must be among {', '.join(FORMATS)}; got {unknown[0]!r}.")
    check_writable(directory)
    monitor.report(0, 100, "exporting to ONNX")
    onnx = onnx_bytes(model.module, example_input)
    check = verify_onnx(onnx, model.module, dataset.test, monitor=Part(monitor, 40, 90, 100))
    description = {
        "format_version": FORMAT_VERSION,
        "origin": dict(origin),
        "structure": model.structure.to_json(),
        "classes": list(dataset.classes),
        "input_shape": list(dataset.input_shape),
        "metrics": metrics.to_json(),
        "onnx_check": dataclasses.asdict(check),
    }
    contents = {
        "model.onnx": onnx,
        "model.safetensors": safetensors.torch.save(_own_tensors(model.module)),
        "model.json": json.dumps(description, indent=2).encode(),
    }
    monitor.report(95, 100, "writing")
    for name, data in contents.items():
        write_whole(directory / name, data)
    monitor.report(100, 100, "written")
    return ExportReport(directory, {name: len(data) for name, data in contents.items()}, check)


def load(directory: str | Path, model: nn.Module | None = None) -> nn.Module:
    """Bring an exported model back as the pruned PyTorch module, in evaluation mode.

    Args:
        directory: What `export_package` wrote.
        model: The dense module, for a class of your own; bundled and torchvision networks are
            built by name.

    Raises:
        ExportError: If the directory holds no readable export.
        ModelError: If the dense module is needed and not given, or does not fit.
        WeightsError: If the weights do not fit the structure.
    """
    directory = Path(directory)
    description = _read_description(directory / "model.json")
    structure = _read_structure(description, directory)
    dense = build_model(description["origin"]) if model is None else copy.deepcopy(model)
    try:
        remove_channels(dense, structure)
    except (AttributeError, IndexError, RuntimeError) as error:
        raise ModelError(
            f"the model given does not fit the export in {directory}: {error}. Pass the dense "
            "module, built as it was before pruning."
        ) from error
    path = directory / "model.safetensors"
    load_weights(dense, read_state_dict(path), source=str(path))
    return dense.eval()


def _read_description(path: Path) -> dict[str, Any]:
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ExportError(
            f"{path} must be an export's description, but cannot be read: {error}. Pass the "
            "directory that session.export wrote."
        ) from error
    version = description.get("format_version") if isinstance(description, dict) else None
    if version != FORMAT_VERSION:
        raise ExportError(
            f"format_version of {path} must be {FORMAT_VERSION}, got {version!r}. It was written "
            "by another version of the workbench."
        )
    if missing := [key for key in ("origin", "structure") if key not in description]:
        raise _damaged(path, f"{missing[0]!r} is missing")
    if not isinstance(description["origin"], dict):
        raise _damaged(path, "'origin' is not an object")
    return dict(description)


def _read_structure(description: Mapping[str, Any], directory: Path) -> Structure:
    try:
        return Structure.from_json(description["structure"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _damaged(directory / "model.json", f"'structure' cannot be read: {error}") from error


def _damaged(path: Path, what: str) -> ExportError:
    return ExportError(
        f"{path} must be an export's description, but {what}. It is damaged or was changed by "
        "hand: export again."
    )


def _own_tensors(module: nn.Module) -> dict[str, Tensor]:
    """A state dict whose tensors share no memory, as safetensors requires."""
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}
