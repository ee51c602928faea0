import json
from dataclasses import FrozenInstanceError, replace

import pytest

from workbench.errors import HistoryError
from workbench.measure import Latency, Metrics, Ratio

FULL = Metrics(
    accuracy=0.985,
    loss=0.0513,
    validation_accuracy=0.99,
    parameters=100,
    nonzero_parameters=60,
    macs=12_345,
    energy_mj=0.25,
    size_bytes=400,
    onnx_bytes=612,
    onnx_gzip_bytes=300,
    latency_ms=Latency.from_samples((0.1, 0.3, 0.2)),
    speedup=Ratio(1.5, 1.4, 1.6),
)
PLAIN = Metrics(parameters=100, nonzero_parameters=100, macs=1, size_bytes=400)


@pytest.mark.parametrize("metrics", [FULL, PLAIN])
def test_metrics_survive_a_json_file(metrics: Metrics) -> None:
    assert Metrics.from_json(json.loads(json.dumps(metrics.to_json()))) == metrics


def test_metrics_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        PLAIN.parameters = 0  # type: ignore[misc]


def test_a_missing_figure_is_named() -> None:
    data = PLAIN.to_json()
    del data["macs"]
    with pytest.raises(HistoryError, match=r"macs in metrics must be a whole .*, got None"):
        Metrics.from_json(data)


def test_an_unknown_figure_is_named() -> None:
    with pytest.raises(HistoryError, match=r"got 'horsepower'"):
        Metrics.from_json(PLAIN.to_json() | {"horsepower": 3})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("accuracy", "high", r"accuracy in metrics must be a number, got 'high'"),
        ("parameters", -1, r"parameters in metrics must be a whole number of at least 0, got -1"),
        ("onnx_bytes", 1.5, r"onnx_bytes in metrics must be a whole .*, got 1\.5"),
        ("latency_ms", 3, r"latency_ms in metrics must be a mapping, got 3"),
        ("latency_ms", {"samples_ms": None}, r"samples_ms .* must be a list .*, got None"),
        ("speedup", {"value": True}, r"value in metrics must be a number, got True"),
    ],
)
def test_a_damaged_figure_is_named_with_its_value(name: str, value: object, message: str) -> None:
    with pytest.raises(HistoryError, match=message):
        Metrics.from_json(PLAIN.to_json() | {name: value})


def test_the_dense_latency_beside_a_later_one_is_what_was_measured_in_turn_with_it() -> None:
    slow = Latency.from_samples((1.0, 2.0, 3.0))
    dense = replace(PLAIN, latency_ms=slow, throughput=500.0)
    later = replace(PLAIN, latency_ms=Latency.from_samples((0.4, 0.5, 0.6)), speedup=Ratio(2, 1, 3))
    beside = dense.beside(later)
    assert beside.latency_ms == Latency.from_samples((0.5, 1.0, 1.5))
    assert beside.throughput == 1000
    assert dense.beside(dense) == dense  # measured with nothing else
    assert PLAIN.beside(later) == PLAIN
