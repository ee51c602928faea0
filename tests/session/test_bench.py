"""Figures that are measured when asked for: of the current step, and kept with it."""

from collections.abc import Mapping

import pytest
from watching import heard

from workbench import Session
from workbench.errors import MeasurementError
from workbench.events import FigureMeasured
from workbench.measure import energy_measured
from workbench.measure.energy_measured import MeasuredEnergy
from workbench.session import bench


class Clockwork:
    """A counter that moves by a joule whenever it is read."""

    name = "clockwork"

    def __init__(self) -> None:
        self.read = 0.0

    def joules(self) -> float:
        self.read += 1
        return self.read


@pytest.fixture
def short_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = energy_measured.measure_energy

    def short(*arguments: object, **settings: object) -> Mapping[str, MeasuredEnergy]:
        return whole(*arguments, **settings, rounds=1, window_s=0.001)  # type: ignore[arg-type]

    monkeypatch.setattr(bench, "measure_energy", short)


def test_energy_is_measured_beside_the_dense_model_and_kept_with_its_step(
    digits: Session, short_rounds: None
) -> None:
    events = heard(digits)
    assert list(digits.measure_energy(Clockwork)) == ["dense"]
    digits.plan = digits.plan.with_ratios(0.5)
    step = digits.prune()
    found = digits.measure_energy(Clockwork)
    assert list(found) == ["dense", "now"]
    assert found["now"].counter == "clockwork"
    measured = [event.step_id for event in events if isinstance(event, FigureMeasured)]
    assert measured == [0, step.id]
    digits.undo()
    kept = digits._bench.found("energy", dict)
    assert kept is not None and list(kept) == ["dense"]


def test_a_machine_without_a_counter_says_so(session: Session) -> None:
    def refuse() -> Clockwork:
        raise MeasurementError("there is no counter here.")

    with pytest.raises(MeasurementError, match="there is no counter here"):
        session.measure_energy(refuse)
    assert session._bench.found("energy", dict) is None
