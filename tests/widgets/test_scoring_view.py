"""What the page shows while a criterion reads training data."""

import threading
from collections.abc import Callable, Iterator

import pytest
from watching import WAIT_S

from widgets import Workbench
from widgets.charts.importance import ImportanceChart
from widgets.panels.inspect import unit_view
from workbench import Plan, Session
from workbench.criteria import CRITERIA, Evidence
from workbench.criteria.evidence import TrainingSample
from workbench.criteria.subject import Channels
from workbench.criteria.taylor import Taylor


class Patient(Taylor):
    """Waits in the middle of gathering until it is let go."""

    name = "patient"
    title = "Patient"

    def __init__(self) -> None:
        self.released = threading.Event()

    def gather(self, channels: Channels, sample: TrainingSample) -> Evidence:
        while not self.released.wait(0.005):
            sample.monitor.report(0, 1)
        return super().gather(channels, sample)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> Iterator[Patient]:
    criterion = Patient()
    monkeypatch.setitem(CRITERIA, "patient", criterion)
    yield criterion
    criterion.released.set()


def title(chart: ImportanceChart) -> str:
    return str(chart.root.title.text)


def until(condition: Callable[[], bool]) -> bool:
    """Whether a condition comes to hold."""
    pause = threading.Event()
    return any(condition() or pause.wait(0.02) for _ in range(WAIT_S * 50))


def test_importances_are_announced_until_they_are_there(session: Session, patient: Patient) -> None:
    session.plan = Plan(criterion="patient", ratio=0.5)
    unit = session.units[0]
    view = unit_view(session, unit)
    assert (view.importances, view.unscored) == ([], "being computed from training data")
    patient.released.set()
    scores = session.scores()
    view = unit_view(session, unit)
    assert (view.importances, view.unscored) == (scores[unit.name].tolist(), "")


def test_importances_that_were_stopped_say_how_to_get_them(
    session: Session, patient: Patient
) -> None:
    session.plan = Plan(criterion="patient")
    session.cancel()
    assert until(lambda: not session.scoring)
    assert "stopped. session.scores() computes it" in unit_view(session, session.units[0]).unscored


def test_a_chart_without_importances_says_why() -> None:
    chart = ImportanceChart()
    chart.update("conv1", [1.0, 2.0], [False, True])
    chart.clear("being computed")
    assert title(chart) == "Importance: being computed"
    assert not len(chart.source.data["importance"])
    chart.clear()
    assert title(chart) == "Importance"


def test_the_page_is_redrawn_when_the_scores_are_there(session: Session, patient: Patient) -> None:
    workbench = Workbench(session)
    try:
        session.plan = Plan(criterion="patient", ratio=0.5)
        assert until(lambda: _unscored(workbench) == "being computed from training data")
        patient.released.set()
        assert until(lambda: _unscored(workbench) == "")
    finally:
        workbench.close()


def _unscored(workbench: Workbench) -> str:
    view = workbench._inspect._view
    assert view is not None
    return view.unscored
