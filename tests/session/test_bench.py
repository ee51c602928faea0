"""Figures that are measured when asked for: of the current step, and kept with it."""

from collections.abc import Mapping
from typing import Any

import pytest
from watching import heard

from widgets.table_rows import table_rows
from workbench import Session
from workbench.errors import MeasurementError
from workbench.events import FigureMeasured
from workbench.measure.energy_measured import MeasuredEnergy
from workbench.progress import Cancelled, Monitor
from workbench.session import bench


class Clockwork:
    """A counter that nobody reads."""

    name = "clockwork"

    def joules(self) -> float:
        raise AssertionError("read")


@pytest.fixture
def metered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every model needs as many millijoules as its name has letters."""

    def measure(
        models: Mapping[str, bytes], _: object, counter: Clockwork, **__: object
    ) -> dict[str, MeasuredEnergy]:
        return {
            name: MeasuredEnergy(len(name), 1, 9, 20, (len(name),), counter.name) for name in models
        }

    monkeypatch.setattr(bench, "measure_energy", measure)


def test_energy_is_measured_beside_the_dense_model_and_kept_with_its_step(
    session: Session, metered: None
) -> None:
    events = heard(session)
    dense = session.measure_energy(Clockwork)
    assert list(dense) == ["dense"]
    session.plan = session.plan.with_ratios(0.5)
    step = session.prune()
    assert session._bench.found("energy", dict) is None
    both: Any = session.measure_energy(Clockwork)
    assert {name: found.median_mj for name, found in both.items()} == {"dense": 5, "now": 3}
    assert both["now"].counter == "clockwork"
    measured = [event.step_id for event in events if isinstance(event, FigureMeasured)]
    assert measured == [0, step.id]
    session.undo()
    assert session._bench.found("energy", dict) == dense


def test_a_machine_without_a_counter_says_so(session: Session) -> None:
    def refuse() -> Clockwork:
        raise MeasurementError("there is no counter here.")

    with pytest.raises(MeasurementError, match="there is no counter here"):
        session.measure_energy(refuse)
    assert session._bench.found("energy", dict) is None


def test_layers_are_timed_as_part_of_the_network(digits: Session) -> None:
    found = digits.time_layers()
    assert digits.layer_times() == found == digits.layer_times(0)
    assert {"stem", "block1.conv1", "head", "classifier"} <= set(found.layers)
    assert 0.5 < found.share(layer.name for layer in digits.layers) <= 1
    rows = {row["unit"]: row for row in table_rows(digits)}
    shares = [row["latency_share"] for row in rows.values()]
    assert all(shares) and sum(filter(None, shares)) <= 1


def test_the_table_has_no_share_of_time_before_it_was_measured(session: Session) -> None:
    assert {row["latency_share"] for row in table_rows(session)} == {None}


def test_accuracy_is_examined_beside_the_dense_model_and_kept_with_its_step(
    session: Session,
) -> None:
    assert session.accuracy_details() is None
    session.plan = session.plan.with_ratios(0.5)
    step = session.prune()
    found = session.examine_accuracy()
    assert session.accuracy_details() is found
    assert found.top1 == step.metrics.accuracy
    dense = session.accuracy_details(0)
    assert dense is not None and dense.top1 == session.baseline.accuracy
    assert not session.examining


def test_an_examination_can_be_cancelled(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(*_: Any, monitor: Monitor, **__: Any) -> None:
        session.cancel()
        monitor.report(1, 2)
        raise AssertionError("went on after it was cancelled")

    monkeypatch.setattr(bench, "accuracy_report", endless)
    with pytest.raises(Cancelled):
        session.examine_accuracy()
    assert session.accuracy_details() is None
