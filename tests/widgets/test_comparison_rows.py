from dataclasses import replace

import pytest

from widgets import comparison_rows
from widgets.comparison_rows import Described, described
from workbench import Plan, Session
from workbench.comparison import compare
from workbench.measure.latency import Latency, Ratio


@pytest.fixture
def branched(session: Session) -> Session:
    """0 opened; 1 pruned; 2 trained; and from 1: 3 pruned further."""
    session.plan = Plan(ratio=0.5)
    session.prune()
    session.finetune(1)
    session.checkout(1)
    session.plan = Plan(ratio=0.75)
    session.prune()
    return session


def shown(session: Session, first: int, second: int) -> Described:
    return described(compare(session.history, first, second))


def metric(session: Session, label: str, first: int = 0, second: int = 1) -> tuple[str, ...]:
    rows = {row["label"]: row for row in shown(session, first, second)["metrics"]}
    row = rows[label]
    return row["first"], row["second"], row["difference"], row["verdict"]


def test_differences_are_signed_and_say_which_is_better(branched: Session) -> None:
    now = branched.history[1].metrics.parameters
    change = f"−{100 * (287 - now) / 287:.0f} %"
    assert metric(branched, "parameters") == ("287", str(now), change, "better")
    assert metric(branched, "parameters", 1, 0)[3] == "worse"
    assert metric(branched, "parameters", 1, 2)[2:] == ("+0 %", "")


def test_accuracies_differ_by_points(branched: Session) -> None:
    history = branched._history
    for step, accuracy in ((0, 0.9), (1, 0.853)):
        history.measured(step, replace(history[step].metrics, accuracy=accuracy))
    assert metric(branched, "accuracy") == ("90.0 %", "85.3 %", "−4.7 points", "worse")


def test_what_was_not_measured_differs_by_nothing(branched: Session) -> None:
    assert metric(branched, "latency") == ("–", "–", "", "")


def test_latencies_differ_by_what_was_measured_in_turn_with_the_dense_model(
    branched: Session,
) -> None:
    history = branched._history
    for step, latency, speedup in ((0, 1.0, None), (1, 0.9, 2.0), (2, 0.9, 4.0)):
        ratio = speedup and Ratio(speedup, speedup, speedup)
        figures = {"latency_ms": Latency(latency, latency, latency, ()), "speedup": ratio}
        history.measured(step, replace(history[step].metrics, **figures))
    assert metric(branched, "latency") == ("1 ms", "0.9 ms", "−50 %", "better")
    assert metric(branched, "latency", 2, 1)[2:] == ("+100 %", "worse")
    assert metric(branched, "speed-up") == ("1.00×", "2.00×", "+100 %", "better")


def test_ways_are_told_from_where_they_part(branched: Session) -> None:
    branched.rename(1, name="half")
    assert shown(branched, 2, 3)["ways"] == [
        "Both come from step 1, half.",
        "Then A: fine-tuned 1 epoch.",
        "Then B: pruned channels by l1.",
    ]
    along = "pruned channels by l1, fine-tuned 1 epoch."
    assert shown(branched, 0, 2)["ways"] == [f"From A to B: {along}"]
    assert shown(branched, 2, 0)["ways"] == [f"From B to A: {along}"]
    assert shown(branched, 1, 1)["ways"] == ["A and B are the same step."]


def test_settings_and_layers_are_plain_data(branched: Session) -> None:
    found = shown(branched, 1, 3)
    assert (found["settings"], found["more_settings"]) == ([["plan.ratio", "0.5", "0.75"]], 0)
    assert found["layers"][0] == {
        "layer": "conv1",
        "kind": "Conv2d",
        "channels": [4, 2, 1],
        "weights": [36, 18, 9],
    }


def test_many_settings_are_counted_and_not_all_shown(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison_rows, "MOST_SETTINGS", 2)
    for ratio in (0.1, 0.2):
        session.checkout(0)
        session.plan = Plan(granularity="weight").with_ratios(ratio).with_ratio("conv1", ratio / 2)
        session.plan = session.plan.with_(seed=int(10 * ratio))
        session.prune()
    found = shown(session, 1, 2)
    assert [name for name, _, _ in found["settings"]] == ["plan.ratio", "plan.ratios.conv1"]
    assert found["more_settings"] == 1
