"""Criteria that read training data, as a session's user meets them."""

import threading
from collections.abc import Iterator

import pytest
from torch import nn
from toys import toy_data, toy_net
from watching import WAIT_S, heard

from workbench import Plan, Session
from workbench.criteria import CRITERIA, Evidence
from workbench.criteria.evidence import TrainingSample
from workbench.criteria.subject import Channels
from workbench.criteria.taylor import Taylor
from workbench.errors import CriterionError, WorkbenchError
from workbench.events import EvidenceGathered, PlanChanged, TaskEnded, TaskProgress, TaskStarted
from workbench.progress import Cancelled
from workbench.session.forecast import UNRANKED

DATA_DRIVEN = sorted(name for name, criterion in CRITERIA.items() if criterion.needs_data)


@pytest.mark.parametrize("criterion", DATA_DRIVEN)
def test_the_bundled_network_is_pruned_by_training_data(
    digits: Session, no_runtimes: None, criterion: str
) -> None:
    events = heard(digits)
    digits.plan = Plan(criterion=criterion, scope="global", ratio=0.3)
    assert all(digits.scores()[unit.name].any() for unit in digits.units)
    assert EvidenceGathered(criterion) in events
    started = next(event for event in events if isinstance(event, TaskStarted))
    assert (started.kind, started.title) == ("evidence", f"scoring channels ({criterion})")
    assert any(isinstance(e, TaskProgress) and e.kind == "evidence" for e in events)
    predicted, previewed = digits.predict(), digits.preview()
    step = digits.prune()
    assert digits.left() == predicted.kept
    assert step.metrics.parameters == predicted.parameters
    assert previewed.accuracy == pytest.approx(step.metrics.validation_accuracy)
    digits.scores()  # of the new step, for which nobody had to ask
    assert events.count(EvidenceGathered(criterion)) == 2


@pytest.mark.parametrize("criterion", ["fisher", "obd", "taylor"])
def test_single_weights_are_pruned_by_training_data(
    digits: Session, no_runtimes: None, criterion: str
) -> None:
    digits.plan = Plan(granularity="weight", criterion=criterion, scope="global", ratio=0.5)
    predicted = digits.predict()
    step = digits.prune()
    assert digits.left() == predicted.kept
    assert step.metrics.validation_accuracy > 0.9


class Patient(Taylor):
    """Waits in the middle of gathering until it is let go; counts how often it gathers."""

    name = "patient"

    def __init__(self) -> None:
        self.started, self.released = threading.Event(), threading.Event()
        self.runs = 0
        self.fails = False

    def gather(self, channels: Channels, sample: TrainingSample) -> Evidence:
        self.runs += 1
        self.started.set()
        while not self.released.wait(0.005):
            sample.monitor.report(0, 1)
        if self.fails:
            raise CriterionError("no evidence today")
        return super().gather(channels, sample)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> Iterator[Patient]:
    criterion = Patient()
    monkeypatch.setitem(CRITERIA, "patient", criterion)
    yield criterion
    criterion.released.set()


def ended(session: Session, kind: str = "evidence") -> tuple[list[TaskEnded], threading.Event]:
    """The ends of tasks of a kind from now on, and what is set at the first."""
    ends: list[TaskEnded] = []
    first = threading.Event()

    def listen(event: object) -> None:
        if isinstance(event, TaskEnded) and event.kind == kind:
            ends.append(event)
            first.set()

    session.events.subscribe(listen)
    return ends, first


def test_nobody_waits_for_evidence_but_who_asks_for_scores(
    session: Session, patient: Patient
) -> None:
    events = heard(session)
    session.plan = Plan(criterion="patient", scope="global", ratio=0.5)
    assert patient.started.wait(WAIT_S)
    assert session.known_scores() is None and session.scoring
    estimate = session.predict(wait=False)
    assert estimate.kept == {"conv1": 2, "conv2": 3, "classifier": 3}
    assert estimate.reasons["conv1"] == UNRANKED
    patient.released.set()
    scores = session.scores()
    assert session.known_scores() is scores and not session.scoring
    assert UNRANKED not in session.predict(wait=False).reasons.values()
    assert [type(e) for e in events if isinstance(e, PlanChanged | EvidenceGathered)] == [
        PlanChanged,
        EvidenceGathered,
    ]


def test_a_prediction_waits_for_the_scores_it_needs(session: Session, patient: Patient) -> None:
    session.plan = Plan(criterion="patient", ratio=0.5)
    assert session.predict().kept["conv1"] == 2  # within a layer no scores are needed
    threading.Timer(0.05, patient.released.set).start()
    session.plan = session.plan.with_(scope="global")
    assert UNRANKED not in session.predict().reasons.values()


def test_dragging_gathers_once(session: Session, patient: Patient) -> None:
    session.plan = Plan(criterion="patient")
    assert patient.started.wait(WAIT_S)
    for percent in range(1, 50):
        session.plan = session.plan.with_ratios(percent / 100)
        session.predict(wait=False)
    preview = session.submit_preview()
    patient.released.set()
    preview.result()
    assert patient.runs == 1


def test_a_preview_gathers_what_it_needs_itself(session: Session, patient: Patient) -> None:
    ends, first = ended(session)
    session.plan = Plan(criterion="patient", ratio=0.5)
    assert patient.started.wait(WAIT_S)
    session.cancel()
    assert first.wait(WAIT_S) and ends[0].outcome == "cancelled"
    assert session.known_scores() is None and not session.scoring
    patient.released.set()
    session.preview()
    assert session.known_scores() is not None
    assert patient.runs == 2


def test_what_was_cancelled_starts_again_for_who_asks(session: Session, patient: Patient) -> None:
    _, first = ended(session)
    session.plan = Plan(criterion="patient")
    assert patient.started.wait(WAIT_S)
    session.cancel()
    assert first.wait(WAIT_S)
    session.plan = session.plan.with_ratios(0.3)
    assert not session.scoring and patient.runs == 1
    patient.released.set()
    assert session.scores()["conv1"].any()
    assert patient.runs == 2


def test_whoever_waits_for_scores_hears_of_the_cancel(session: Session, patient: Patient) -> None:
    session.plan = Plan(criterion="patient")
    assert patient.started.wait(WAIT_S)
    threading.Timer(0.05, session.cancel).start()
    with pytest.raises(Cancelled):
        session.scores()


def test_another_criterion_stops_the_gathering(session: Session, patient: Patient) -> None:
    ends, first = ended(session)
    session.plan = Plan(criterion="patient")
    assert patient.started.wait(WAIT_S)
    session.plan = Plan(criterion="l1")
    assert first.wait(WAIT_S) and ends[0].outcome == "cancelled"
    assert session.known_scores() is not None


def test_evidence_that_cannot_be_gathered_is_not_tried_at_every_move(
    session: Session, patient: Patient
) -> None:
    ends, first = ended(session)
    patient.fails = True
    patient.released.set()
    session.plan = Plan(criterion="patient")
    assert first.wait(WAIT_S) and ends[0].outcome == "failed"
    for percent in range(1, 20):
        session.plan = session.plan.with_ratios(percent / 100)
    assert patient.runs == 1 and not session.scoring
    with pytest.raises(CriterionError, match="no evidence today"):
        session.scores()
    with pytest.raises(CriterionError, match="no evidence today"):
        session.prune()
    assert len(session.history) == 1


def test_another_model_gets_evidence_of_its_own_and_the_old_one_is_kept(
    session: Session, patient: Patient
) -> None:
    patient.released.set()
    session.plan = Plan(criterion="patient", ratio=0.5)
    before = session.scores()
    gathered = threading.Event()
    session.events.subscribe(lambda e: isinstance(e, EvidenceGathered) and gathered.set())
    session.prune()
    assert gathered.wait(WAIT_S)  # though nobody asked
    after = session.known_scores()
    assert after is not None and patient.runs == 2
    assert (after["conv1"] == 0).sum() == 2
    session.undo()
    for unit, scores in session.scores().items():
        assert (scores == before[unit]).all()
    assert patient.runs == 2


def test_every_seed_reads_other_inputs(session: Session) -> None:
    session.plan = Plan(criterion="taylor")
    first = session.scores()["conv1"]
    session.plan = Plan(criterion="taylor", seed=1)
    assert not (session.scores()["conv1"] == first).all()


def test_a_plan_that_a_criterion_cannot_rank_is_refused(session: Session) -> None:
    events, plan = heard(session), session.plan
    with pytest.raises(CriterionError, match="'apoz' ranks must be 'channel', got 'weight'"):
        session.plan = Plan(granularity="weight", criterion="apoz")
    assert session.plan is plan and not events


def test_a_model_without_batch_norms_is_refused_when_the_plan_is_set(no_runtimes: None) -> None:
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 3))
    with (
        Session(net, toy_data()) as session,
        pytest.raises(CriterionError, match="'bn_scale' needs a batch norm"),
    ):
        session.plan = Plan(criterion="bn_scale")


def test_a_closed_session_scores_no_more(no_runtimes: None) -> None:
    with Session(toy_net(), toy_data()) as session:
        pass
    session.plan = Plan(criterion="taylor")
    assert session.known_scores() is None
    with pytest.raises(WorkbenchError, match="needs an open session"):
        session.scores()
