"""How much memory an inference takes: of a process in which nothing else runs, and by shapes."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from workbench.errors import ExportError, MeasurementError
from workbench.measure import benchmark
from workbench.onnx_graph import OnnxGraph
from workbench.onnx_graph.axes import Shape
from workbench.onnx_graph.shapes import per_image
from workbench.progress import SILENT, Monitor

_POLL_S = 0.1


@dataclass(frozen=True)
class MemoryUse:
    """What a process holds that opens a model and runs it.

    Attributes:
        peak_bytes: The most it ever held.
        runtime_bytes: What it held before it opened the model: Python and the runtime.
        activation_bytes: The most that values between layers hold at once, computed from their
            shapes in the order of the graph; None where a shape is unknown. Runtimes that compute
            several operators as one need less, those that keep blocks for later use more.
    """

    peak_bytes: int
    runtime_bytes: int
    activation_bytes: int | None

    @property
    def model_bytes(self) -> int:
        """What the model added."""
        return self.peak_bytes - self.runtime_bytes


def measure_memory(
    model: bytes,
    inputs: NDArray[Any],
    *,
    threads: int = 1,
    timeout_s: float = 300.0,
    monitor: Monitor = SILENT,
) -> tuple[int, int]:
    """Run an ONNX model in a process of its own on this machine.

    Args:
        model: The ONNX file.
        inputs: One batch.
        threads: Threads within an operator.
        timeout_s: The process is ended after this time.
        monitor: Told ten times a second.

    Returns:
        Bytes that the process held before it opened the model, and at the peak.

    Raises:
        ExportError: If ONNX Runtime cannot open the model.
        MeasurementError: If the process fails, as for want of memory, or takes too long.
        Cancelled: If the monitor says so; the process is ended.
    """
    with TemporaryDirectory(prefix="workbench-memory-") as name:
        directory = Path(name)
        (directory / "model.onnx").write_bytes(model)
        (directory / "benchmark.py").write_bytes(Path(benchmark.__file__).read_bytes())
        np.save(directory / "inputs.npy", inputs, allow_pickle=False)
        request = {
            "task": "memory",
            "models": {"model": "model.onnx"},
            "inputs": "inputs.npy",
            "threads": threads,
        }
        (directory / "request.json").write_text(json.dumps(request), encoding="utf-8")
        with subprocess.Popen(
            [sys.executable, "benchmark.py", "request.json"],
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                said = _wait(process, timeout_s, monitor)
            finally:
                process.kill()
    return _answer(*said, process.returncode)


def activation_bytes(graph: OnnxGraph, batch_size: int = 1) -> int | None:
    """The most that values between operators hold at once, in the order of the graph.

    The input and the outputs count, weights do not. None if a value's shape or type is unknown.

    Args:
        graph: The exported network.
        batch_size: Inputs at a time.
    """
    last = {name: place for place, node in enumerate(graph.nodes) for name in node.input}
    last |= dict.fromkeys(graph.outputs, len(graph.nodes))
    held: dict[str, int] = {}
    peak = 0
    made = [(-1, graph.inputs), *((p, tuple(node.output)) for p, node in enumerate(graph.nodes))]
    for place, names in made:
        for name in names:
            if name in graph.weights or not name:
                continue
            size = _bytes(graph, name, batch_size)
            if size is None:
                return None
            held[name] = size
        peak = max(peak, sum(held.values()))
        held = {name: size for name, size in held.items() if last.get(name, -1) > place}
    return peak


def _bytes(graph: OnnxGraph, name: str, batch_size: int) -> int | None:
    shape: Shape | None = graph.shapes.get(name)
    kind = graph.types.get(name)
    if shape is None or not kind:
        return None
    total = int(onnx.helper.tensor_dtype_to_np_dtype(kind).itemsize)
    for size in shape:
        elements = per_image(size)
        if elements is None:
            return None
        total *= elements if isinstance(size, int) else elements * batch_size
    return total


def _wait(process: "subprocess.Popen[str]", timeout_s: float, monitor: Monitor) -> tuple[str, str]:
    for waited in range(max(1, round(timeout_s / _POLL_S))):
        monitor.report(waited * _POLL_S, timeout_s, "measuring memory in a process of its own")
        try:
            return process.communicate(timeout=_POLL_S)
        except subprocess.TimeoutExpired:
            continue
    raise MeasurementError(
        f"measuring memory must end within {timeout_s:.0f} s, and did not. The machine may be out "
        "of memory, or the network too slow for it."
    )


def _answer(output: str, errors: str, status: int) -> tuple[int, int]:
    last = json.loads(output.splitlines()[-1]) if output.strip() else {}
    match last:
        case {"result": [int(before), int(peak)]}:
            return before, peak
        case {"error": {"kind": "CannotOpenError", "message": str(words)}}:
            raise ExportError(words)
        case {"error": {"message": str(words)}}:
            raise MeasurementError(f"the process that measures memory failed: {words}")
    raise MeasurementError(
        f"the process that measures memory ended with status {status} and no answer: "
        f"{errors.strip()[-400:] or 'it may have been ended for want of memory'}."
    )
