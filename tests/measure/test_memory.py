"""Memory: of a process of its own, and of values by their shapes."""

import math
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from tiny_onnx import tiny
from torch import nn

from workbench.errors import ExportError, MeasurementError
from workbench.measure import memory
from workbench.measure.memory import MemoryUse, activation_bytes, measure_memory
from workbench.onnx_graph import OnnxGraph
from workbench.progress import Cancelled

INPUTS = np.ones((1, 4), np.float32)
MB = 2**20


def chain(operators: list[tuple[str, list[str], str]], weights: dict[str, np.ndarray]) -> bytes:
    """A network from "x" to "y", both (batch, 4)."""
    graph = helper.make_graph(
        [helper.make_node(kind, inputs, [output]) for kind, inputs, output in operators],
        "chain",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", None])],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    opset = [helper.make_opsetid("", 20)]
    data: bytes = helper.make_model(graph, opset_imports=opset, ir_version=10).SerializeToString()
    return data


def test_a_larger_model_needs_more_memory_and_the_runtime_does_not_count() -> None:
    wide = chain([("MatMul", ["x", "w"], "y")], {"w": np.ones((4, 4 * MB), np.float32)})  # 64 MB
    before, peak = measure_memory(wide, INPUTS)
    small_before, small_peak = measure_memory(tiny(), INPUTS)
    assert peak - before > 64 * MB
    assert peak - before > small_peak - small_before + 50 * MB
    assert abs(before - small_before) < 20 * MB
    assert MemoryUse(peak, before, None).model_bytes == peak - before


def test_values_count_as_long_as_they_are_needed() -> None:
    graph = OnnxGraph.read(
        chain(
            [
                ("MatMul", ["x", "w"], "wide"),  # 16 bytes and 40
                ("Relu", ["wide"], "positive"),  # x is gone: 40 and 40
                ("MatMul", ["positive", "v"], "y"),  # 40 and 8
            ],
            {"w": np.ones((4, 10), np.float32), "v": np.ones((10, 2), np.float32)},
        ),
        nn.Module(),
    )
    assert activation_bytes(graph) == 80
    assert activation_bytes(graph, 3) == 240


def test_a_value_that_is_used_later_is_held_until_then() -> None:
    graph = OnnxGraph.read(
        chain([("Relu", ["x"], "a"), ("Exp", ["a"], "b"), ("Add", ["x", "b"], "y")], {}),
        nn.Module(),
    )
    assert activation_bytes(graph) == 3 * 16


def test_an_unknown_shape_is_no_figure() -> None:
    graph = OnnxGraph.read(chain([("NonZero", ["x"], "n"), ("Cast", ["n"], "y")], {}), nn.Module())
    assert activation_bytes(graph) is None


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(ExportError, match=r"cannot open .*model\.onnx"):
        measure_memory(b"no model", INPUTS)


def test_inputs_that_do_not_fit_are_named() -> None:
    with pytest.raises(MeasurementError, match=r"failed: model 'model' takes"):
        measure_memory(tiny(width=9), INPUTS)


def program(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this run in the place of the benchmark."""
    (tmp_path / "other.py").write_text(text)
    monkeypatch.setattr(memory.benchmark, "__file__", str(tmp_path / "other.py"))


def test_a_process_that_dies_is_an_error_with_what_it_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "import sys; sys.exit('no memory left')", monkeypatch)
    with pytest.raises(MeasurementError, match=r"status 1 and no answer: no memory left"):
        measure_memory(tiny(), INPUTS)


def test_a_process_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "import time; time.sleep(1000)", monkeypatch)
    with pytest.raises(MeasurementError, match="must end within 0 s"):
        measure_memory(tiny(), INPUTS, timeout_s=0.2)


def test_measuring_can_be_cancelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Impatient:
        shares: tuple[float, ...] = ()

        def report(self, done: float, total: float, message: str = "") -> None:
            self.shares += (done / total,)
            if len(self.shares) == 3:
                raise Cancelled

    program(tmp_path, "import time; time.sleep(1000)", monkeypatch)
    monitor = Impatient()
    with pytest.raises(Cancelled):
        measure_memory(tiny(), INPUTS, monitor=monitor)
    assert math.isclose(monitor.shares[0], 0)
