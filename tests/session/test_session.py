"""Opening a session, its plan, predictions and previews."""

import gc
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from toys import ToyNet, counted_up, toy_net
from watching import WAIT_S, State, heard

from workbench import Plan, Session
from workbench.actions import SetPlan, SetTargets
from workbench.data import Dataset
from workbench.errors import (
    CriterionError,
    DataError,
    ModelError,
    PlanError,
    UnknownUnitError,
    WorkbenchError,
)
from workbench.events import (
    ActionTaken,
    PlanChanged,
    PreviewMeasured,
    TargetsChanged,
)
from workbench.measure.metrics import Metrics
from workbench.progress import Cancelled, Monitor
from workbench.pruned import PrunedModel
from workbench.session.measuring import Gauge


def test_a_session_opens_a_module_and_describes_it(session: Session) -> None:
    assert (session.name, session.dataset.name) == ("ToyNet", "toy")
    assert [layer.name for layer in session.layers] == ["conv1", "bn", "conv2", "classifier"]
    assert [unit.name for unit in session.units] == ["conv1", "conv2", "classifier"]
    assert session.plan == Plan()
    assert session.left() == {"conv1": 4, "conv2": 6, "classifier": 3}
    assert session.baseline.parameters == 36 + 8 + 222 + 21


def test_the_users_module_is_never_touched(data: Dataset, no_runtimes: None) -> None:
    module = toy_net().train()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    with Session(module, data) as session:
        session.plan = Plan(ratio=0.5)
        session.prune()
        session.finetune(1)
    assert module.training
    assert all(torch.equal(before[name], tensor) for name, tensor in module.state_dict().items())


def test_the_seed_of_a_session_is_the_seed_of_its_plan(data: Dataset, no_runtimes: None) -> None:
    with Session(toy_net(), data, seed=7) as session:
        assert session.plan.seed == 7


def test_an_example_input_that_does_not_fit_is_refused(data: Dataset) -> None:
    with pytest.raises(ModelError, match=r"example input of shape \(1, 2, 4, 4\)"):
        Session(toy_net(), data, example_input=torch.zeros(3, 2, 4, 4))


@pytest.mark.parametrize(
    ("model", "data", "error", "message"),
    [
        (
            "digits_cn",
            "digits",
            ModelError,
            "no model named 'digits_cn'. Did you mean 'digits_cnn'",
        ),
        ("digits_cnn", "digit", DataError, "no data named 'digit'. Did you mean 'digits'"),
        (nn.Linear(8, 3), "digits", ModelError, "must give 10 class scores"),
    ],
)
def test_what_cannot_be_opened_leaves_no_thread_behind(
    model: Any, data: Any, error: type[Exception], message: str
) -> None:
    before = set(threading.enumerate())
    with pytest.raises(error, match=re.escape(message)):
        Session(model, data)
    assert set(threading.enumerate()) <= before


def test_a_model_that_cannot_be_traced_opens_for_weights_and_says_why(
    data: Dataset, no_runtimes: None
) -> None:
    class LeavesPyTorch(ToyNet):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(torch.from_numpy(x.numpy()))

    with Session(counted_up(LeavesPyTorch()), data) as session:
        assert session.units == ()
        assert any("LeavesPyTorch cannot be traced" in note for note in session.notes)
        session.plan = Plan(ratio=0.5)
        with pytest.raises(ModelError, match="weight granularity works without it"):
            session.prune()
        session.plan = Plan(granularity="weight", ratio=0.5)
        assert session.prune().metrics.nonzero_parameters < session.baseline.nonzero_parameters


def test_a_cancelled_baseline_is_measured_again(
    data: Dataset, no_runtimes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, go = threading.Event(), threading.Event()
    measure = Gauge.accuracy

    def held(self: Gauge, model: PrunedModel, monitor: Monitor) -> Metrics:
        reached.set()
        assert go.wait(WAIT_S)
        return measure(self, model, monitor)

    monkeypatch.setattr(Gauge, "accuracy", held)
    with Session(toy_net(), data) as session:
        assert reached.wait(WAIT_S)
        session.cancel()
        go.set()
        assert session.baseline.accuracy is not None


def test_a_forgotten_session_leaves_no_thread_behind(data: Dataset, no_runtimes: None) -> None:
    session = Session(toy_net(), data)
    assert session.baseline
    thread = session._tasks._thread
    del session
    gc.collect()
    thread.join(WAIT_S)
    assert not thread.is_alive()


def test_a_closed_session_says_so_and_still_tells_what_it_knows(session: Session) -> None:
    session.close()
    with pytest.raises(WorkbenchError, match="pruning needs an open session"):
        session.prune()
    assert session.baseline.accuracy is not None
    assert session.predict().parameters == 287


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda plan: plan.with_ratio("conv1", 1.2), PlanError, "must be in [0, 1), got 1.2"),
        (lambda plan: plan.with_ratio("conv9", 0.5), UnknownUnitError, "no channel unit 'conv9'"),
        (lambda plan: plan.lock("conv9"), UnknownUnitError, "Did you mean 'conv2' or 'conv1'"),
        (lambda plan: plan.with_(criterion="l3"), CriterionError, "got 'l3'"),
        (lambda plan: plan.with_(granularity="filter"), PlanError, "got 'filter'"),
        (lambda plan: plan.with_ratio("classifier", 0.5), PlanError, "these are the model outputs"),
        (lambda plan: 0.5, PlanError, "a plan must be a workbench.Plan, got 0.5."),
    ],
)
def test_a_plan_that_does_not_fit_leaves_the_session_as_it_was(
    session: Session, change: Callable[[Plan], Plan], error: type[Exception], message: str
) -> None:
    session.plan = Plan(ratio=0.25)
    before, events = State(session), heard(session)
    with pytest.raises(error, match=re.escape(message)):
        session.plan = change(session.plan)
    assert before.holds(session) and events == []


def test_a_new_plan_is_reported_and_the_same_one_is_not(session: Session) -> None:
    events = heard(session)
    session.plan = session.plan.with_ratios(0.5)
    session.plan = session.plan.with_ratios(0.5)
    plan = Plan(ratio=0.5)
    assert events == [PlanChanged(plan), ActionTaken(SetPlan(plan), 0)]


def test_units_and_what_is_left_follow_the_granularity(session: Session) -> None:
    session.plan = Plan(granularity="weight")
    assert [unit.name for unit in session.units] == ["conv1", "conv2", "classifier"]
    assert session.left() == {"conv1": 36, "conv2": 216, "classifier": 18}
    assert {name: len(flags) for name, flags in session.alive().items()} == session.left()


def test_targets_are_checked_and_reported(session: Session) -> None:
    events = heard(session)
    session.targets = {"accuracy": 0.9, "macs": 100}
    assert dict(session.targets) == {"accuracy": 0.9, "macs": 100}
    reported = ActionTaken(SetTargets({"accuracy": 0.9, "macs": 100}), 0)
    assert events == [TargetsChanged(), reported]
    before = State(session)
    with pytest.raises(PlanError, match=r"target of 'accuracy' must be in .*, got 91"):
        session.targets = {"accuracy": 91}
    assert before.holds(session) and len(events) == 2


def test_a_prediction_is_what_pruning_then_gives(session: Session) -> None:
    for scope in ("local", "global"):
        session.plan = Plan(ratio=0.5, scope=scope)
        predicted = session.predict()
        metrics = session.prune().metrics
        assert (predicted.parameters, predicted.macs) == (metrics.parameters, metrics.macs)
        assert predicted.size_bytes == metrics.size_bytes
        assert session.left() == predicted.kept
        session.undo()


def test_scores_are_kept_until_rule_or_model_change(session: Session) -> None:
    scores = session.scores()
    session.plan = session.plan.with_ratios(0.5).with_(scope="global", round_to=2)
    assert session.scores() is scores
    session.plan = session.plan.with_(criterion="l2")
    assert session.scores() is not scores
    session.plan = session.plan.with_(criterion="l1")
    before = session.scores()["conv1"]
    session.prune()
    assert not np.array_equal(session.scores()["conv1"], before)


def test_a_preview_measures_the_probe_set_and_leaves_everything_as_it_was(
    session: Session,
) -> None:
    session.plan = Plan(ratio=0.5)
    before, events = State(session), heard(session)
    found = session.preview()
    assert before.holds(session)
    assert found.inputs == len(session.dataset.probe)
    assert session.previewed is found
    assert PreviewMeasured(session.plan, found.accuracy, found.inputs) in events


def test_a_preview_gives_what_pruning_then_gives(session: Session) -> None:
    session.plan = Plan(ratio=0.5)
    found = session.preview()
    session.plan = Plan()
    assert session.preview().loss != found.loss
    session.plan = Plan(ratio=0.5)
    session.prune()
    assert session.preview().loss == found.loss


def test_a_preview_counts_for_its_plan_and_model_only(session: Session) -> None:
    plan = session.plan = Plan(ratio=0.5)
    found = session.preview()
    session.plan = plan.with_ratio("conv1", 0.25)
    assert session.previewed is None
    session.plan = plan
    assert session.previewed is found
    session.prune()
    assert session.previewed is None
    session.undo()
    assert session.previewed is found


@pytest.fixture
def blocked(session: Session) -> Iterator[threading.Event]:
    """The engine thread is busy until this event is set."""
    reached, go = threading.Event(), threading.Event()

    def block(monitor: Monitor) -> None:
        reached.set()
        assert go.wait(WAIT_S)

    session._tasks.submit("export", "blocking", block)
    assert reached.wait(WAIT_S)
    yield go
    go.set()


def test_a_preview_is_dropped_when_the_plan_changes(
    session: Session, blocked: threading.Event
) -> None:
    task = session.submit_preview()
    session.plan = Plan(ratio=0.5)
    blocked.set()
    with pytest.raises(Cancelled):
        task.result()
    assert session.previewed is None


@pytest.mark.parametrize("next_one", ["submit_preview", "submit_prune"])
def test_a_preview_is_dropped_when_something_newer_is_asked_for(
    session: Session, blocked: threading.Event, next_one: str
) -> None:
    task = session.submit_preview()
    newer = getattr(session, next_one)()
    blocked.set()
    with pytest.raises(Cancelled):
        task.result()
    assert newer.result()
