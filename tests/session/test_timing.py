"""Latency of plans: predicted once it was learned, measured on request, forgotten with the plan."""

from collections.abc import Iterator

import pytest
from watching import heard

from widgets.score_rows import score_rows
from workbench import Session
from workbench.errors import ExportError, PlanError
from workbench.events import LatencyLearned, LatencyMeasured
from workbench.onnx_graph import CutError
from workbench.progress import Cancelled
from workbench.session import timing
from workbench.session.onnx_files import OnnxFiles


@pytest.fixture
def session() -> Iterator[Session]:
    with Session("digits_cnn", "digits") as session:
        yield session


def test_latency_is_predicted_once_it_was_learned(session: Session) -> None:
    _ = session.baseline
    session.plan = session.plan.with_ratios(0.5)
    assert session.predict().latency_ms is None
    events = heard(session)
    session.learn_latency()
    assert session.latency_learned
    assert any(isinstance(event, LatencyLearned) for event in events)
    found = session.predict()
    assert found.latency_ms is not None
    assert found.speedup is not None
    assert found.latency_ms.low < found.latency_ms.value < found.latency_ms.high
    dense_ms = session.baseline.latency_ms
    assert dense_ms is not None
    assert found.speedup.value == pytest.approx(dense_ms.median_ms / found.latency_ms.value)


def test_a_measured_latency_belongs_to_its_plan_alone(session: Session) -> None:
    session.plan = session.plan.with_ratios(0.5)
    events = heard(session)
    found = session.time_plan()
    assert session.timed == found
    (measured,) = (event for event in events if isinstance(event, LatencyMeasured))
    assert measured.latency_ms == found.latency.median_ms
    session.plan = session.plan.with_ratios(0.6)
    assert session.timed is None


def test_every_measured_plan_is_learned_from(session: Session) -> None:
    session.learn_latency()
    before = len(session._timing._samples)
    session.plan = session.plan.with_ratios(0.5)
    session.time_plan()
    assert len(session._timing._samples) == before + 1
    assert session._timing._samples[-1].error is not None


def test_how_far_predictions_were_off_is_found_out_once(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.learn_latency()
    learned = session._timing._model
    assert learned is not None
    assert [sample.error for sample in session._timing._samples] == learned.errors.tolist()

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("what is known was found out again")

    monkeypatch.setattr("workbench.latency_model.model.cross_val_predict", refuse)
    session.plan = session.plan.with_ratios(0.5)
    session.time_plan()
    model = session._timing._model
    assert model is not None and model is not learned
    assert model.errors[:-1].tolist() == learned.errors.tolist()


def test_zeros_alone_are_not_expected_to_save_time(session: Session) -> None:
    _ = session.baseline
    session.learn_latency()
    session.plan = session.plan.with_(granularity="weight").with_ratios(0.9)
    sparse = session.predict().latency_ms
    session.plan = session.plan.with_ratios(0.0)
    assert session.predict().latency_ms == sparse


def test_learning_goes_on_where_it_was_stopped(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = session.events.subscribe(
        lambda event: session.cancel() if isinstance(event, LatencyLearned) else None
    )
    with pytest.raises(Cancelled):
        session.learn_latency()
    known = [sample.relative for sample in session._timing._samples]
    assert 0 < len(known) < timing.SAMPLES
    stop()
    session.learn_latency()
    now = [sample.relative for sample in session._timing._samples]
    assert now[: len(known)] == known
    assert len(session._timing._samples) == timing.SAMPLES


def test_a_network_that_cannot_be_cut_is_exported_to_be_timed(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> bytes:
        raise CutError("no way through 'Foo'.")

    monkeypatch.setattr(OnnxFiles, "cut", refuse)
    session.plan = session.plan.with_ratios(0.5)
    assert session.time_plan().latency.median_ms > 0
    with pytest.raises(ExportError, match="no way through 'Foo'"):
        session.learn_latency()
    assert session.latency_learned  # as far as it can be


def test_the_score_board_shows_predictions_until_they_are_measured(session: Session) -> None:
    _ = session.baseline
    session.learn_latency()
    session.plan = session.plan.with_ratios(0.5)
    rows = {row["metric"]: row for row in score_rows(session)}
    assert rows["latency_ms"]["planned_kind"] == rows["speedup"]["planned_kind"] == "predicted"
    assert "±" in rows["latency_ms"]["planned"]
    session.time_plan()
    rows = {row["metric"]: row for row in score_rows(session)}
    assert rows["latency_ms"]["planned_kind"] == rows["speedup"]["planned_kind"] == "measured"
    assert "±" not in rows["latency_ms"]["planned"]


def test_commits_do_not_wait_for_latency_to_be_learned(session: Session) -> None:
    learning = session.submit_latency()
    session.plan = session.plan.with_ratios(0.5)
    session.prune()
    assert learning.done
    with pytest.raises(Cancelled):
        learning.result()


def test_a_latency_budget_is_met_by_prediction(session: Session) -> None:
    _ = session.baseline
    session.learn_latency()
    session.plan = session.suggest(allocator="uniform", latency=0.7)
    dense, expected = session.baseline.latency_ms, session.predict().latency_ms
    assert dense is not None and expected is not None
    assert expected.value <= 0.7 * dense.median_ms * (1 + 1e-9)


def test_a_latency_budget_needs_a_device_that_was_timed(session: Session) -> None:
    with pytest.raises(PlanError, match=r"budget latency needs .*session\.learn_latency\(\)"):
        session.suggest(allocator="uniform", latency=0.7)


def test_a_latency_budget_is_not_met_by_what_was_learned_of_another_device(
    session: Session,
) -> None:
    session.learn_latency()
    assert "latency" in session.reachable()
    session.use_device("cpu", batch_size=2)
    assert "latency" not in session.reachable()
    session.learn_latency()
    assert "latency" in session.reachable()


def test_the_fastest_network_above_an_accuracy_is_asked_for_in_latency(session: Session) -> None:
    _ = session.baseline
    session.learn_latency()
    session.scan_sensitivity(ratios=(0.5,))
    best = session.scanned.baseline.accuracy  # type: ignore[union-attr]
    found = session.suggestion(accuracy=best / 2, latency=1.0)
    assert found.point.accuracy is not None and found.point.accuracy >= best / 2
    share = session.estimate(found.plan).shares["latency"]
    assert share < 1
    assert found.point.shares["latency"] == pytest.approx(share)
