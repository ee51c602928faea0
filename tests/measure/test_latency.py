import gc
import math
from pathlib import Path

import numpy as np
import onnx
import pytest
from tiny_onnx import tiny

from workbench.errors import DataError, ExportError
from workbench.measure import Latency, Ratio, benchmark, latency_ratio, measure_latencies
from workbench.progress import Cancelled

INPUTS = np.ones((1, 4), dtype=np.float32)


class Records:
    def __init__(self, cancel: bool = False) -> None:
        self.reports: list[tuple[float, float]] = []
        self.collecting: list[bool] = []
        self.cancel = cancel

    def report(self, done: float, total: float, message: str = "") -> None:
        self.reports.append((done, total))
        self.collecting.append(gc.isenabled())
        if self.cancel:
            raise Cancelled


def test_every_model_has_one_positive_sample_per_round() -> None:
    latencies = measure_latencies(
        {"a": tiny(), "b": tiny()}, INPUTS, rounds=7, warmup=1, time_limit_s=math.inf
    )

    assert list(latencies) == ["a", "b"]
    for latency in latencies.values():
        assert len(latency.samples_ms) == 7
        assert min(latency.samples_ms) > 0
        assert latency.p10_ms <= latency.median_ms <= latency.p90_ms


def test_a_model_can_be_a_file(tmp_path: Path) -> None:
    path = tmp_path / "tiny.onnx"
    path.write_bytes(tiny())
    assert len(measure_latencies({"a": path}, INPUTS, rounds=1)["a"].samples_ms) == 1


def test_models_take_turns_in_an_order_that_the_seed_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[str] = []
    monkeypatch.setattr(benchmark.Runner, "warm_up", lambda *_: None)
    monkeypatch.setattr(benchmark.Runner, "time_ms", lambda self: turns.append(self.name) or 1.0)
    models = {"a": tiny(), "b": tiny(), "c": tiny()}

    orders = []
    for seed in (0, 0, 1):
        turns.clear()
        measure_latencies(models, INPUTS, rounds=12, seed=seed, time_limit_s=math.inf)
        orders.append(list(turns))

    rounds = [orders[0][i : i + 3] for i in range(0, 36, 3)]
    assert all(sorted(one) == ["a", "b", "c"] for one in rounds)
    assert len({tuple(one) for one in rounds}) > 1
    assert orders[0] == orders[1]
    assert orders[0] != orders[2]


def test_a_small_model_is_repeated_until_a_sample_lasts_long_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A clock by which one run of the model takes 0.1 ms: 1 ms needs 10, so 16 when doubling.
    clock = iter(range(0, 10**12, 100_000))
    run_time = {"now": 0}

    class Session:
        def run(self, *_: object) -> None:
            run_time["now"] = next(clock)

    monkeypatch.setattr(benchmark.time, "perf_counter_ns", lambda: run_time["now"])
    runner = benchmark.Runner("a", tiny(), INPUTS, threads=1)
    runner._session = Session()
    runner.warm_up(0, benchmark.Pace(Records().report, 1))

    assert runner._repetitions == 16
    assert runner.time_ms() == pytest.approx(0.1)


def test_garbage_is_collected_again_afterwards_and_not_meanwhile() -> None:
    monitor = Records()
    measure_latencies({"a": tiny()}, INPUTS, rounds=200, monitor=monitor)

    assert gc.isenabled()
    assert not any(monitor.collecting)


def test_progress_counts_every_step_up_to_the_total(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "REPORT_MS", 0.0)
    monitor = Records()
    models = {"a": tiny(), "b": tiny()}
    measure_latencies(models, INPUTS, rounds=12, warmup=2, time_limit_s=math.inf, monitor=monitor)

    # 12 rounds in 4 blocks of 3, each opened and warmed up twice; for both models.
    total = 2 * (4 * (1 + 2) + 12)
    assert monitor.reports == [(done, total) for done in range(total)]


def test_cancelling_turns_garbage_collection_on_again() -> None:
    with pytest.raises(Cancelled):
        measure_latencies({"a": tiny()}, INPUTS, monitor=Records(cancel=True))
    assert gc.isenabled()


def test_a_time_limit_still_leaves_five_rounds() -> None:
    latencies = measure_latencies({"a": tiny()}, INPUTS, rounds=50, time_limit_s=0)
    assert len(latencies["a"].samples_ms) == 5


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"rounds": 0}, r"rounds must be at least 1, got 0"),
        ({"warmup": -1}, r"warmup must be at least 0, got -1"),
    ],
)
def test_counts_out_of_range_are_refused(setting: dict[str, int], message: str) -> None:
    with pytest.raises(DataError, match=message):
        measure_latencies({"a": tiny()}, INPUTS, **setting)


def test_no_threads_are_refused() -> None:
    with pytest.raises(ExportError, match=r"threads must be at least 1, got 0"):
        measure_latencies({"a": tiny()}, INPUTS, threads=0)


def test_inputs_of_a_wrong_shape_are_refused_with_both_shapes() -> None:
    with pytest.raises(DataError, match=r"'a' takes .*\['batch', 3\], got float32 .*\(1, 4\)"):
        measure_latencies({"a": tiny(width=3)}, INPUTS)


def test_a_model_with_two_inputs_is_refused() -> None:
    with pytest.raises(DataError, match=r"'a' must have 1 input, got 2: x0, x1"):
        measure_latencies({"a": tiny(inputs=2)}, INPUTS)


def test_bytes_that_are_no_model_are_refused() -> None:
    with pytest.raises(ExportError, match=r"cannot open the given bytes"):
        measure_latencies({"a": b"not a model"}, INPUTS)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"cannot open .*gone\.onnx"):
        measure_latencies({"a": tmp_path / "gone.onnx"}, INPUTS)


def test_samples_are_summarised_by_their_quantiles() -> None:
    latency = Latency.from_samples(tuple(float(i) for i in range(11)))
    assert (latency.p10_ms, latency.median_ms, latency.p90_ms) == (1.0, 5.0, 9.0)


def test_the_ratio_pairs_rounds_so_that_drift_cancels() -> None:
    pruned = Latency.from_samples((1.0, 10.0, 2.0, 40.0))
    dense = Latency.from_samples((2.0, 20.0, 4.0, 80.0))
    assert latency_ratio(dense, pruned) == Ratio(2.0, 2.0, 2.0)


def test_the_interval_encloses_the_median_ratio_and_repeats() -> None:
    random = np.random.default_rng(0)
    dense = Latency.from_samples(tuple(random.uniform(1.5, 2.5, 50).tolist()))
    pruned = Latency.from_samples(tuple(random.uniform(0.5, 1.5, 50).tolist()))

    ratio = latency_ratio(dense, pruned, seed=3)

    pairs = zip(dense.samples_ms, pruned.samples_ms, strict=True)
    assert ratio.value == pytest.approx(float(np.median([a / b for a, b in pairs])))
    assert 1 < ratio.low < ratio.value < ratio.high
    assert ratio == latency_ratio(dense, pruned, seed=3)


def test_runs_of_different_length_cannot_be_paired() -> None:
    three, five = Latency.from_samples((1.0,) * 3), Latency.from_samples((1.0,) * 5)
    with pytest.raises(DataError, match=r"got 3 dense and 5 pruned rounds"):
        latency_ratio(three, five)


def test_the_hand_made_model_is_valid() -> None:
    onnx.checker.check_model(tiny())
