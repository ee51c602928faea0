"""What the score board says of a session."""

from dataclasses import replace

import pytest

from widgets.score_board import ScoreRow
from widgets.score_rows import score_rows
from workbench import Session
from workbench.measure.latency import Latency
from workbench.session.conditions import Conditions
from workbench.session.measuring import timed
from workbench.targets import BETTER


def board(session: Session) -> dict[str, ScoreRow]:
    return {row["metric"]: row for row in score_rows(session)}


@pytest.fixture
def measured(session: Session) -> Session:
    """Of which a latency of 2 ms for batches of 8 is known."""
    conditions = Conditions(batch_size=8)
    session._gauge.selected.conditions = conditions
    latency = Latency.from_samples((1.5, 2.0, 4.0))
    metrics = timed(session.history[0].metrics, conditions, latency, None)
    metrics = replace(metrics, peak_memory_bytes=60_000_000, activation_bytes=24_000)
    session._history.measured(0, metrics)
    return session


def test_every_metric_that_can_have_a_target_has_a_row(session: Session) -> None:
    assert set(board(session)) == set(BETTER)


def test_the_conditions_of_a_measurement_are_in_its_hint(measured: Session) -> None:
    rows = board(measured)
    assert "On this machine's CPU, 1 thread, batch 8" in rows["latency_ms"]["hint"]
    assert "one round in ten below 1.6 ms, one in ten above 3.6 ms" in rows["latency_ms"]["hint"]
    assert "24 kB of it" in rows["peak_memory_bytes"]["hint"]
    assert rows["throughput"]["now"] == "4 k/s"
    assert rows["peak_memory_bytes"]["now"] == "60 MB"


def test_memory_that_nobody_asked_for_is_not_said_to_be_measured(session: Session) -> None:
    rows = board(session)
    assert rows["latency_ms"]["dense"] == "…"
    assert rows["peak_memory_bytes"]["dense"] == ""


def test_some_figures_are_folded_away_unless_they_have_a_target(session: Session) -> None:
    folded = {metric for metric, row in board(session).items() if row["more"]}
    assert folded == {"throughput", "parameters", "nonzero_parameters", "onnx_gzip_bytes"}
    session.targets = {"parameters": 100}
    assert not board(session)["parameters"]["more"]


def test_what_pruning_weights_lowers_shows_where_weights_are_pruned(session: Session) -> None:
    session.plan = session.plan.with_(granularity="weight")
    folded = {metric for metric, row in board(session).items() if row["more"]}
    assert folded == {"throughput", "parameters"}
