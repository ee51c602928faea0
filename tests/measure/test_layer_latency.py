"""Where the time goes: operators of the rewritten graph, by the layers they compute."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from networks import Network
from torch import Tensor, nn
from toys import counted_up

from workbench.errors import DataError
from workbench.export.onnx import onnx_bytes
from workbench.measure import layer_latency
from workbench.measure.layer_latency import LayerLatencies, measure_layer_latencies
from workbench.onnx_graph import OnnxGraph
from workbench.progress import Cancelled

SHAPE = (1, 3, 6, 6)
INPUTS = np.zeros(SHAPE, np.float32)


def residual() -> nn.Module:
    """A residual block whose batch norm and activations a runtime fuses, and a pooling."""

    def forward(m: Any, x: Tensor) -> Tensor:
        x = m.relu(m.norm(m.first(x)))
        x = m.relu(m.second(x) + x)
        return m.last(m.pool(x).flatten(1))

    net = Network(
        forward,
        first=nn.Conv2d(3, 8, 3, padding=1),
        norm=nn.BatchNorm2d(8),
        second=nn.Conv2d(8, 8, 3, padding=1),
        relu=nn.ReLU(),
        pool=nn.MaxPool2d(6),
        last=nn.Linear(8, 2),
    )
    return counted_up(net)


@pytest.fixture(scope="module")
def graph() -> OnnxGraph:
    module = residual()
    return OnnxGraph.read(onnx_bytes(module, torch.zeros(SHAPE)), module)


@pytest.fixture(scope="module")
def owners() -> dict[str, str]:
    return {name: name.rpartition(".")[0] for name, _ in residual().named_parameters()}


@pytest.fixture(scope="module")
def measured(graph: OnnxGraph, owners: dict[str, str]) -> LayerLatencies:
    return measure_layer_latencies(graph, owners, INPUTS, warmup=1, runs=5)


def test_time_goes_to_the_layers_whose_weights_are_used(measured: LayerLatencies) -> None:
    assert set(measured.layers) == {"first", "second", "last"}
    assert all(ms > 0 for ms in measured.layers.values())
    assert measured.runs == 5


def test_what_belongs_to_no_layer_is_listed_by_operator(measured: LayerLatencies) -> None:
    assert "MaxPool" in measured.other
    assert not {"Conv", "Gemm"} & set(measured.other)


def test_shares_are_of_all_operators(measured: LayerLatencies) -> None:
    layers = measured.share(["first", "second", "last", "norm"])
    assert layers == pytest.approx(sum(measured.layers.values()) / measured.total_ms)
    assert 0 < measured.share(["first"]) < layers < 1
    assert LayerLatencies({}, {}, {}, 0).share(["first"]) == 0


class Profiled:
    """A runtime whose profile is written by hand, of the graph that it was given."""

    def __init__(self, graph: OnnxGraph, directory: Path) -> None:
        self.numbers = {node.op_type: f"pw{n:06d}" for n, node in enumerate(graph.nodes)}
        self.first = next(
            f"pw{n:06d}" for n, node in enumerate(graph.nodes) if node.op_type == "Relu"
        )
        self.file = directory / "profile.json"
        self.events: list[dict[str, Any]] = []

    def event(self, name: str, operator: str, *durations_us: float) -> None:
        self.events += [
            {
                "cat": "Node",
                "name": f"{name}_kernel_time",
                "dur": duration,
                "args": {"op_name": operator},
            }
            for duration in durations_us
        ]

    def get_inputs(self) -> list[Any]:
        return [onnx.ValueInfoProto(name="input")]

    def run(self, *_: object) -> None:
        pass

    def end_profiling(self) -> str:
        self.file.write_text(json.dumps([{"cat": "Session", "name": "run"}, *self.events]))
        return str(self.file)


@pytest.fixture
def profiled(
    graph: OnnxGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Profiled]:
    runtime = Profiled(graph, tmp_path)
    monkeypatch.setattr(layer_latency, "open_runtime", lambda *_, **__: runtime)
    yield runtime


def test_an_operator_named_after_its_activation_is_the_layer_before_it(
    graph: OnnxGraph, owners: dict[str, str], profiled: Profiled
) -> None:
    profiled.event(f"{profiled.first}_0_nchwc", "Conv", 90, 30, 10)
    profiled.event(profiled.numbers["Relu"], "Relu", 9, 5, 5)
    profiled.event(f"fused {profiled.numbers['Gemm']}", "FusedGemm", 9, 7, 7)
    profiled.event("ReorderOutput_token_3", "ReorderOutput", 9, 2, 2)
    found = measure_layer_latencies(graph, owners, INPUTS, warmup=1, runs=2)
    assert found.layers == pytest.approx({"first": 0.02, "last": 0.007})
    assert found.other == pytest.approx({"Relu": 0.005, "ReorderOutput": 0.002})
    assert found.fused["first"] == ("Relu",)
    assert "Relu" not in found.fused.get("second", ())


def test_the_slowest_and_the_fastest_runs_do_not_count(
    graph: OnnxGraph, owners: dict[str, str], profiled: Profiled
) -> None:
    profiled.event(profiled.numbers["Gemm"], "Gemm", 10, 12, 14, 5000)
    found = measure_layer_latencies(graph, owners, INPUTS, warmup=0, runs=4)
    assert found.layers == pytest.approx({"last": 0.013})


def test_the_number_of_runs_must_be_positive(graph: OnnxGraph) -> None:
    with pytest.raises(DataError, match="runs must be at least 1, got 0"):
        measure_layer_latencies(graph, {}, INPUTS, runs=0)


def test_timing_layers_can_be_cancelled_and_leaves_no_file(
    graph: OnnxGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Impatient:
        def report(self, done: float, total: float, message: str = "") -> None:
            raise Cancelled

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(Cancelled):
        measure_layer_latencies(graph, {}, INPUTS, monitor=Impatient())
    assert list(tmp_path.iterdir()) == []
