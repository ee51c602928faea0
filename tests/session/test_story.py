"""The whole story, on real digits."""

from pathlib import Path

from workbench import Plan, Session


def test_the_bundled_network_is_measured_in_full(digits: Session) -> None:
    baseline = digits.baseline
    assert baseline.accuracy is not None and baseline.accuracy >= 0.985
    assert baseline.latency_ms is not None and baseline.latency_ms.median_ms > 0
    assert baseline.speedup is None
    assert baseline.onnx_bytes and baseline.onnx_gzip_bytes
    assert baseline.onnx_gzip_bytes < baseline.onnx_bytes


def test_half_of_all_channels_can_go(digits: Session, tmp_path: Path) -> None:
    session = digits
    session.plan = Plan(ratio=0.5)
    step = session.prune()
    assert step.metrics.parameters <= 0.4 * session.baseline.parameters
    assert step.metrics.speedup is not None and step.notes == ()
    recovered = session.finetune(epochs=3)
    assert recovered.metrics.accuracy is not None and recovered.metrics.accuracy >= 0.97
    report = session.export(tmp_path)
    assert (report.check.top1_agreement, report.check.inputs) == (1, len(session.dataset.test))
    assert report.check.max_difference < 1e-4


def test_nine_in_ten_weights_can_go(digits: Session) -> None:
    session = digits
    session.plan = Plan(granularity="weight", ratio=0.9)
    step = session.prune()
    dense, sparse = session.baseline, step.metrics
    assert sparse.nonzero_parameters < 0.12 * dense.nonzero_parameters
    assert (sparse.parameters, sparse.size_bytes) == (dense.parameters, dense.size_bytes)
    assert sparse.onnx_gzip_bytes is not None and dense.onnx_gzip_bytes is not None
    assert sparse.onnx_gzip_bytes < 0.5 * dense.onnx_gzip_bytes
    recovered = session.finetune(epochs=3)
    assert recovered.metrics.accuracy is not None and recovered.metrics.accuracy >= 0.97
    assert recovered.metrics.nonzero_parameters <= sparse.nonzero_parameters
