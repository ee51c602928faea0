"""ONNX: a model as one portable file, and the proof that it computes the same.

The file holds the weights, leaves the batch size free, names its ends ``input`` and ``logits``,
and contains no trace of the machine that wrote it.
"""

import copy
import logging
import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from workbench.data.dataset import Split
from workbench.errors import DataError, ExportError
from workbench.measure.runtime import open_runtime
from workbench.measure.size import state_dict_bytes
from workbench.modes import evaluation_mode
from workbench.progress import SILENT, Monitor
from workbench.store import write_whole

OPSET = 20
"""Version of the standard ONNX operators that exported files use."""

MAX_FILE_BYTES = 2**31 - 1
"""Size limit of a protobuf message, and so of an ONNX file that holds its own weights."""

_VERIFY_BATCH = 256


@dataclass(frozen=True)
class OnnxCheck:
    """How an ONNX model, run in ONNX Runtime, compares with the PyTorch model."""

    max_difference: float
    """Largest absolute difference between two outputs over all inputs."""

    top1_agreement: float
    """Fraction of inputs for which both name the same class, in [0, 1]."""

    inputs: int
    """Number of inputs compared."""


def onnx_bytes(model: nn.Module, example_input: Tensor) -> bytes:
    """Convert a model to ONNX, checked with `onnx.checker`.

    The model is exported in evaluation mode and left as it was. The same model gives the same
    bytes every time.

    Args:
        model: Any module that `torch.export` can trace.
        example_input: Shape ``(B, *input_shape)``, on the model's device; only the shape and type
            count, and B is free in the result.

    Returns:
        A complete ONNX file with embedded weights.

    Raises:
        ExportError: If the model cannot be traced or converted, fixes its batch size, or is too
            large for one file.
    """
    stored = state_dict_bytes(model)
    if stored > MAX_FILE_BYTES:
        raise ExportError(
            f"an ONNX file with embedded weights must be at most {MAX_FILE_BYTES} bytes, got "
            f"{stored} bytes of weights in {type(model).__name__}. Prune further, or export in "
            "half precision."
        )
    try:
        # Tracing puts fake tensors in the place of parameters for a while; on a copy, another
        # thread that looks at the model's weights meanwhile still sees them.
        traced = copy.deepcopy(model).eval()
        with torch.no_grad(), _quiet_torch():
            program = _trace(traced, example_input)
            outputs = len(program.graph_signature.user_outputs)
            converted = torch.onnx.export(
                program,
                dynamo=True,
                verbose=False,  # the exporter prints to standard output unless told not to
                input_names=["input"],
                output_names=["logits", *(f"output_{i}" for i in range(1, outputs))],
                opset_version=OPSET,
                external_data=False,
                optimize=True,
            )
        if converted is None:
            raise RuntimeError("the exporter returned nothing")
        proto = converted.model_proto
        _strip_metadata(proto)
        _name_batch(proto.graph)
        data = proto.SerializeToString(deterministic=True)
        onnx.checker.check_model(data, full_check=True)
    except ExportError:
        raise
    except Exception as error:  # the exporter and the checker raise many unrelated types
        raise ExportError(
            f"{type(model).__name__} cannot be converted to ONNX opset {OPSET}: "
            f"{_reason(error)}. Replace the operation it names by one that ONNX has; the full "
            "story is in this error's cause."
        ) from error
    return bytes(data)


def export_onnx(model: nn.Module, example_input: Tensor, path: str | Path) -> Path:
    """Write a model to an ONNX file, whole or not at all.

    Directories that are missing are made. An older file is replaced only once the new one is
    complete on disk.

    Returns:
        The path that was written.

    Raises:
        ExportError: If the model cannot be converted, or the file cannot be written.
    """
    path = Path(path)
    data = onnx_bytes(model, example_input)
    write_whole(path, data)
    return path


def verify_onnx(
    source: bytes | str | Path, model: nn.Module, split: Split, *, monitor: Monitor = SILENT
) -> OnnxCheck:
    """Run an ONNX model and the PyTorch model on the same inputs, and compare.

    Args:
        source: Bytes or file of the ONNX model.
        model: Its original, on the CPU; run in evaluation mode and left as it was.
        split: The inputs; their labels do not matter.
        monitor: Told after every batch.

    Raises:
        DataError: If the split is empty.
        ExportError: If ONNX Runtime cannot open or run the model, or the shapes differ.
        Cancelled: If the monitor was cancelled.
    """
    total = len(split)
    if total == 0:
        raise DataError("verifying an export needs at least 1 input, got a split with 0.")
    session = open_runtime(source)
    input_name = session.get_inputs()[0].name
    output_name = session.get_outputs()[0].name
    done, agreed, difference = 0, 0, 0.0
    with evaluation_mode(model), torch.inference_mode():
        monitor.report(0, total, "verifying ONNX")
        for inputs, _ in split.batches(_VERIFY_BATCH):
            expected = model(inputs).numpy()
            try:
                actual = session.run([output_name], {input_name: inputs.numpy()})[0]
            except Exception as error:  # the runtime's own exceptions share no base class
                raise ExportError(
                    f"ONNX Runtime cannot run the model on inputs of shape "
                    f"{tuple(inputs.shape)}: {_reason(error)}. Export it again with an "
                    "example of that shape."
                ) from error
            if actual.shape != expected.shape:
                raise ExportError(
                    f"the ONNX model must return shape {expected.shape} as the PyTorch model "
                    f"does, got {actual.shape}. Export this very model again."
                )
            agreed += int((actual.argmax(1) == expected.argmax(1)).sum())
            # np.maximum lets a nan through, where Python's max would drop it.
            difference = float(np.maximum(difference, np.abs(actual - expected).max()))
            done += len(inputs)
            monitor.report(done, total, "verifying ONNX")
    return OnnxCheck(difference, agreed / done, done)


def _trace(model: nn.Module, example_input: Tensor) -> torch.export.ExportedProgram:
    # Tracing treats sizes 0 and 1 as fixed, so the example must hold at least two inputs.
    example = torch.cat([example_input, example_input])[:2]
    shapes = torch.export.ShapesCollection()  # type: ignore[no-untyped-call]
    shapes[example] = {0: torch.export.Dim("batch")}
    try:
        return torch.export.export(model, (example,), dynamic_shapes=shapes, strict=False)
    except Exception as error:  # tracing runs the user's forward: anything may come out
        name = type(model).__name__
        if "Constraints violated" in str(error):
            raise ExportError(
                f"the batch size of {name} must be free, but its forward fixes it at "
                f"{len(example)} for an example of shape {tuple(example.shape)}. Use x.flatten(1) "
                "or x.shape[0] in forward instead of a number."
            ) from error
        raise ExportError(
            f"{name} cannot be traced on an example of shape {tuple(example.shape)}: "
            f"{_reason(error)}. Its forward must run on such inputs and must not branch on "
            "the values of tensors; the full story is in this error's cause."
        ) from error


def _strip_metadata(proto: onnx.ModelProto) -> None:
    """Drop the exporter's notes: a tenth of a small file, with paths of the user's own sources."""
    del proto.metadata_props[:]
    _strip_graph(proto.graph)
    for function in proto.functions:
        del function.metadata_props[:]
        _strip_nodes(function.node)


def _strip_graph(graph: onnx.GraphProto) -> None:
    del graph.metadata_props[:]
    for group in (graph.input, graph.output, graph.value_info, graph.initializer):
        for item in group:
            del item.metadata_props[:]
    _strip_nodes(graph.node)


def _strip_nodes(nodes: Iterable[onnx.NodeProto]) -> None:
    for node in nodes:
        del node.metadata_props[:]
        node.ClearField("doc_string")
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _strip_graph(attribute.g)
            for graph in attribute.graphs:
                _strip_graph(graph)


def _name_batch(graph: onnx.GraphProto) -> None:
    """Call the free dimension ``batch``, where the tracer invented a symbol such as ``s77``."""
    symbol = graph.input[0].type.tensor_type.shape.dim[0].dim_param
    for value in (*graph.input, *graph.output, *graph.value_info):
        for dimension in value.type.tensor_type.shape.dim:
            if dimension.dim_param:  # may be an expression, such as 8*s77
                dimension.dim_param = re.sub(rf"\b{symbol}\b", "batch", dimension.dim_param)


@contextmanager
def _quiet_torch() -> Iterator[None]:
    """Keep torch from logging what this thread's exception is about to say anyway."""
    thread = threading.get_ident()

    def from_elsewhere(record: logging.LogRecord) -> bool:
        return record.thread != thread

    # Torch's loggers each have a handler of their own and do not propagate.
    names = [name for name in logging.Logger.manager.loggerDict if name.split(".")[0] == "torch"]
    handlers = {handler for name in names for handler in logging.getLogger(name).handlers}
    for handler in handlers:
        handler.addFilter(from_elsewhere)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(from_elsewhere)


def _reason(error: BaseException) -> str:
    """The first line of the innermost cause: the exporter wraps it in general advice."""
    while error.__cause__ is not None:
        error = error.__cause__
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip() or type(error).__name__
    return text.splitlines()[0].rstrip(" .")
