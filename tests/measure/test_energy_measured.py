"""Energy over idling, by a counter that a test winds on."""

import numpy as np
import pytest
from tiny_onnx import tiny

from workbench.errors import DataError
from workbench.measure import energy_measured
from workbench.measure.benchmark import Runner
from workbench.measure.energy_measured import measure_energy
from workbench.progress import Cancelled

INPUTS = np.ones((1, 4), dtype=np.float32)
IDLE_W = 10.0
COST_J = {"dense": 0.4, "pruned": 0.1}


class Machine:
    """Its clock moves only when it works: a nap or an inference takes a tenth of a second."""

    name = "made up"

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = self.energy_j = 0.0
        monkeypatch.setattr(energy_measured.time, "perf_counter", lambda: self.seconds)
        monkeypatch.setattr(energy_measured.time, "sleep", lambda _: self.spend(0))
        monkeypatch.setattr(Runner, "run", lambda runner: self.spend(COST_J[runner.name]))

    def spend(self, joules: float) -> None:
        self.seconds += 0.1
        self.energy_j += 0.1 * IDLE_W + joules

    def joules(self) -> float:
        return self.energy_j


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def test_what_an_idle_machine_uses_is_taken_off(machine: Machine) -> None:
    found = measure_energy({"dense": tiny(), "pruned": tiny()}, INPUTS, machine, rounds=3)
    for name, cost_j in COST_J.items():
        assert found[name].median_mj == pytest.approx(1e3 * cost_j)
        assert (found[name].idle_w, found[name].counter) == (pytest.approx(IDLE_W), "made up")
        assert len(found[name].samples_mj) == 3


def test_the_spread_is_that_of_the_rounds(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs = iter([0.1] * 2 + [0.5] * 1 + [0.3] * 10)  # the first run opens the model
    monkeypatch.setattr(Runner, "run", lambda _: machine.spend(next(costs)))
    found = measure_energy({"net": tiny()}, INPUTS, machine, rounds=3, window_s=0.05)["net"]
    assert found.samples_mj == pytest.approx((100, 500, 300))
    assert (found.low_mj, found.median_mj, found.high_mj) == pytest.approx((100, 300, 500))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rounds": 0}, "rounds must be at least 1, got 0"),
        ({"window_s": 0.0}, r"window_s must be above 0, got 0\.0"),
    ],
)
def test_a_setting_out_of_range_is_refused(
    machine: Machine, settings: dict[str, float], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        measure_energy({"net": tiny()}, INPUTS, machine, **settings)  # type: ignore[arg-type]


def test_measuring_can_be_cancelled_within_a_round(machine: Machine) -> None:
    class Impatient:
        reports = 0

        def report(self, done: float, total: float, message: str = "") -> None:
            self.reports += 1
            if self.reports == 4:
                raise Cancelled

    with pytest.raises(Cancelled):
        measure_energy({"dense": tiny()}, INPUTS, machine, monitor=Impatient())
    assert machine.seconds < 1
