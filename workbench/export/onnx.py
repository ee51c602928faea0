"""ONNX: a model as one portable file, and the proof that it computes the same.

The file holds the weights, leaves the batch size free, names its ends ``input`` and ``logits``,
and contains no trace of the machine that wrote it. Weights too many for one file lie beside it.
"""

import copy
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from workbench.data.dataset import Split
from workbench.errors import ExportError
from workbench.export.checking import Check, Reference, Run
from workbench.export.staging import staging
from workbench.export.tracing import first_cause, quiet_torch, traced
from workbench.measure.runtime import open_runtime
from workbench.measure.size import state_dict_bytes
from workbench.progress import SILENT, Monitor, Part
from workbench.store import write_whole

OPSET = 20
"""Version of the standard ONNX operators that exported files use."""

MAX_FILE_BYTES = 2**31 - 1
"""Size limit of a protobuf message, and so of an ONNX file that holds its own weights."""

DATA_SUFFIX = ".data"
"""What the name of an ONNX file's weights adds to its own, where they lie beside it."""

_GRAPH_BYTES = 2**24  # left for all that is not weights in a file that holds its own


def onnx_bytes(model: nn.Module, example_input: Tensor, *, fused: bool = True) -> bytes:
    """Convert a model to ONNX, checked with `onnx.checker`.

    The model is exported in evaluation mode and left as it was. The same model gives the same
    bytes every time.

    Args:
        model: Any module that `torch.export` can trace.
        example_input: Shape ``(B, *input_shape)``, on the model's device; only the shape and type
            count, and B is free in the result.
        fused: Whether batch norms are folded into the convolutions before them.

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
            f"{stored} bytes of weights in {type(model).__name__}. Write it with export_onnx, "
            "which puts the weights in a second file."
        )
    with _converting(model):
        proto = _converted(model, example_input, fused=fused).model_proto
        _tidy(proto)
        data = proto.SerializeToString(deterministic=True)
        onnx.checker.check_model(data, full_check=True)
    return bytes(data)


def export_onnx(
    model: nn.Module,
    example_input: Tensor,
    path: str | Path,
    *,
    inline_bytes: int = MAX_FILE_BYTES - _GRAPH_BYTES,
) -> Path:
    """Write a model to an ONNX file, whole or not at all.

    Directories that are missing are made. An older file is replaced only once the new one is
    complete on disk.

    Args:
        model, example_input: As for `onnx_bytes`.
        path: The file.
        inline_bytes: More bytes of weights than these lie in a second file of the same name and
            `DATA_SUFFIX`, which must stay beside the first.

    Returns:
        The path that was written.

    Raises:
        ExportError: If the model cannot be converted, or the file cannot be written.
    """
    path = Path(path)
    if state_dict_bytes(model) <= inline_bytes:
        write_whole(path, onnx_bytes(model, example_input))
    else:
        _write_with_data(model, example_input, path)
    return path


def runner(source: bytes | str | Path) -> Run:
    """What runs an ONNX model in ONNX Runtime, batch by batch, and gives its first output.

    Raises:
        ExportError: If it cannot be opened.
    """
    session = open_runtime(source)
    given, wanted = session.get_inputs()[0].name, session.get_outputs()[0].name

    def run(inputs: np.ndarray) -> np.ndarray:
        return np.asarray(session.run([wanted], {given: inputs})[0])

    return run


def verify_onnx(
    source: bytes | str | Path, model: nn.Module, split: Split, *, monitor: Monitor = SILENT
) -> Check:
    """Run an ONNX model and the PyTorch model on the same inputs, and compare.

    Args:
        source: Bytes or file of the ONNX model.
        model: Its original, on the CPU; run in evaluation mode and left as it was.
        split: The inputs.
        monitor: Told after every batch.

    Raises:
        DataError: If the split is empty.
        ExportError: If ONNX Runtime cannot open or run the model, or the shapes differ.
        Cancelled: If the monitor was cancelled.
    """
    run = runner(source)
    reference = Reference.of(model, split, monitor=Part(monitor, 0, 50, 100))
    rest = Part(monitor, 50, 100, 100)
    return reference.compare(run, monitor=rest, what="the ONNX model")


@contextmanager
def _converting(model: nn.Module) -> Iterator[None]:
    """Say in our own words what tracer, exporter and checker raise."""
    try:
        with torch.no_grad(), quiet_torch():
            yield
    except ExportError:
        raise
    except Exception as error:  # they raise many unrelated types
        raise ExportError(
            f"{type(model).__name__} cannot be converted to ONNX opset {OPSET}: "
            f"{first_cause(error)}. Replace the operation it names by one that ONNX has; the full "
            "story is in this error's cause."
        ) from error


def _converted(model: nn.Module, example_input: Tensor, *, fused: bool = True) -> Any:
    """The model as torch's exporter hands it over."""
    # Tracing puts fake tensors in the place of parameters for a while; on a copy, another
    # thread that looks at the model's weights meanwhile still sees them.
    program = traced(copy.deepcopy(model).eval(), example_input)
    outputs = len(program.graph_signature.user_outputs)
    converted = torch.onnx.export(
        program,
        dynamo=True,
        verbose=False,  # the exporter prints to standard output unless told not to
        input_names=["input"],
        output_names=["logits", *(f"output_{i}" for i in range(1, outputs))],
        opset_version=OPSET,
        external_data=False,
        optimize=fused,
    )
    if converted is None:
        raise RuntimeError("the exporter returned nothing")
    if not fused:
        _simplify(converted)
    return converted


def _write_with_data(model: nn.Module, example_input: Tensor, path: Path) -> None:
    """Two files: the second is written first, as the first is useless without it."""
    with staging(path.parent, state_dict_bytes(model)) as stage, _converting(model):
        written = stage.directory / path.name
        _converted(model, example_input).save(written, external_data=True)
        proto = onnx.load(written, load_external_data=False)
        _tidy(proto)
        written.write_bytes(proto.SerializeToString(deterministic=True))
        onnx.checker.check_model(str(written), full_check=True)
        stage.publish([path.name + DATA_SUFFIX, path.name])


def _tidy(proto: onnx.ModelProto) -> None:
    _strip_metadata(proto)
    _name_batch(proto.graph)


def _simplify(converted: torch.onnx.ONNXProgram) -> None:
    """What makes a graph readable, without folding norms into the layers before them."""
    # They take a second to import, and few need them.
    from onnxscript import optimizer, rewriter  # noqa: PLC0415
    from onnxscript.rewriter.rules import common  # noqa: PLC0415

    rules = [common.materialize_reshape_shape_rule, common.collapse_slice_rule]
    optimizer.fold_constants(converted.model)
    rewriter.rewrite(converted.model, rules)
    optimizer.fold_constants(converted.model)
    optimizer.remove_unused_nodes(converted.model)


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
