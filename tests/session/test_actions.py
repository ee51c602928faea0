"""Every action is reported once it succeeded, whichever way it was asked for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from toys import toy_net
from watching import State

from workbench import Plan, Session
from workbench.actions import (
    Action,
    Checkout,
    Export,
    Finetune,
    Measure,
    Open,
    Prune,
    Redo,
    Rename,
    ScanSensitivity,
    SetPlan,
    SetTargets,
    Undo,
)
from workbench.data import Dataset
from workbench.errors import ActionError, HistoryError, PlanError, TrainingError
from workbench.events import ActionTaken, Event
from workbench.training import FinetuneSettings

HALF = Plan(ratio=0.5)


@pytest.fixture
def taken(session: Session) -> Iterator[list[tuple[Action, int]]]:
    """What the session reports: actions, each with the step that is current then."""
    found: list[tuple[Action, int]] = []

    def listen(event: Event) -> None:
        if isinstance(event, ActionTaken):
            found.append((event.action, event.step_id))

    unsubscribe = session.events.subscribe(listen)
    yield found
    unsubscribe()


def test_what_was_done_in_code_is_reported(
    session: Session, taken: list[tuple[Action, int]], tmp_path: Path
) -> None:
    session.plan = HALF
    session.targets = {"accuracy": 0.9}
    session.prune()
    session.finetune(1, learning_rate=0.01)
    session.undo()
    session.redo()
    session.checkout(1)
    session.measure()
    session.rename(1, remark="small")
    session.scan_sensitivity(ratios=(0.5,), units=["conv1"])
    assert taken == [
        (SetPlan(HALF), 0),
        (SetTargets({"accuracy": 0.9}), 0),
        (Prune(HALF), 1),
        (Finetune(FinetuneSettings(epochs=1, learning_rate=0.01)), 2),
        (Undo(), 1),
        (Redo(), 2),
        (Checkout(1), 1),
        (Measure(), 3),
        (Rename(1, remark="small"), 3),
        (ScanSensitivity(ratios=(0.5,), units=("conv1",)), 3),
    ]


def test_what_is_performed_is_reported_like_what_is_called(
    session: Session, taken: list[tuple[Action, int]]
) -> None:
    done: list[Action] = [
        SetPlan(HALF),
        SetTargets({"macs": 10}),
        Prune(HALF),
        Finetune(FinetuneSettings(epochs=1)),
        Undo(),
        Redo(),
        Checkout(1),
        Measure(),
    ]
    for action in done:
        session.perform(action)
    assert [action for action, _ in taken] == done
    assert session.history.current.action == Measure()


def test_an_export_is_reported_with_its_directory(
    session: Session, taken: list[tuple[Action, int]], tmp_path: Path
) -> None:
    session.export(tmp_path / "out", "onnx")
    assert taken == [(Export(str(tmp_path / "out")), 0)]


def test_a_plan_passed_on_the_way_is_reported_once_it_is_settled(
    session: Session, taken: list[tuple[Action, int]]
) -> None:
    for percent in range(50):
        session.try_plan(HALF.with_ratios(percent / 100))
    assert (session.plan.ratio, taken) == (0.49, [])
    session.settle_plan()
    session.settle_plan()
    assert taken == [(SetPlan(Plan(ratio=0.49)), 0)]


def test_a_plan_that_came_back_to_where_it_was_is_not_reported(
    session: Session, taken: list[tuple[Action, int]]
) -> None:
    session.try_plan(HALF)
    session.try_plan(Plan())
    session.settle_plan()
    assert taken == []


def test_a_plan_on_its_way_is_settled_by_what_follows(
    session: Session, taken: list[tuple[Action, int]]
) -> None:
    session.try_plan(HALF)
    session.prune()
    session.try_plan(Plan())
    session.undo()
    assert [action for action, _ in taken] == [SetPlan(HALF), Prune(HALF), SetPlan(Plan()), Undo()]


def test_closing_settles_the_plan(session: Session, taken: list[tuple[Action, int]]) -> None:
    session.try_plan(HALF)
    session.close()
    assert taken == [(SetPlan(HALF), 0)]


def test_what_failed_is_not_reported(session: Session, taken: list[tuple[Action, int]]) -> None:
    before = State(session)
    with pytest.raises(HistoryError, match="nothing to undo"):
        session.undo()
    with pytest.raises(HistoryError, match="step must be one of 0 to 0, got 7"):
        session.checkout(7)
    with pytest.raises(PlanError, match="target of 'macs'"):
        session.targets = {"macs": -1}
    with pytest.raises(TrainingError, match="lower the learning rate"):
        session.finetune(1, learning_rate=1e30)
    assert taken == [] and before.holds(session)


def test_measuring_makes_a_step_of_the_same_model(session: Session) -> None:
    session.plan = HALF
    pruned = session.prune()
    step = session.measure()
    assert (step.parent, step.kind, step.metrics.accuracy) == (
        pruned.id,
        "measure",
        pruned.metrics.accuracy,
    )
    assert session.history.model_of(step.id) is session.history.model_of(pruned.id)


def test_the_first_step_says_how_the_session_was_opened(
    data: Dataset, no_runtimes: None, tmp_path: Path
) -> None:
    weights = tmp_path / "weights.pt"
    torch.save(toy_net().state_dict(), weights)
    example = torch.zeros(1, 1, 4, 4)
    with Session(toy_net(), data, weights=weights, example_input=example, seed=3) as session:
        assert session.history[0].action == Open(
            "toys.ToyNet",
            "toy",
            own_model=True,
            own_data=True,
            weights=str(weights),
            seed=3,
            given_example=True,
        )


def test_names_and_normalisation_are_kept_as_given(no_runtimes: None) -> None:
    with Session("lenet300_100", "digits", normalize=[[0.5], [0.25]]) as session:
        assert session.history[0].action == Open(
            "lenet300_100", "digits", normalize=((0.5,), (0.25,))
        )


def test_an_open_session_cannot_be_opened_again(session: Session) -> None:
    with pytest.raises(
        ActionError, match=r"'open' cannot be performed on the open session of ToyN.*Session\("
    ):
        session.perform(Open("digits_cnn"))
