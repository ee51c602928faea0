"""Steps: prune, fine-tune, and the way back and forth."""

import re
from pathlib import Path

import pytest
import torch
from networks import Network
from torch import nn
from toys import counted_up
from watching import State, heard

from workbench import Plan, Session
from workbench.actions import Checkout, Redo, Undo
from workbench.data import Dataset
from workbench.errors import (
    HistoryError,
    UnknownUnitError,
)
from workbench.events import (
    ActionTaken,
    BatchTrained,
    EpochTrained,
    HistoryChanged,
    PlanChanged,
    TaskEnded,
    TaskProgress,
    TaskStarted,
    TrainingEnded,
    TrainingStarted,
)

NASTY = "<img src=x onerror=alert(1)>"


def test_pruning_commits_a_step_with_plan_results_and_figures(session: Session) -> None:
    plan = session.plan = Plan(ratio=0.5)
    step = session.prune()
    assert (step.id, step.parent, step.kind, step.plan) == (1, 0, "prune", plan)
    assert step.title == "pruned channels by l1"
    assert [(unit.unit, unit.kept) for unit in step.units] == [
        ("conv1", 2),
        ("conv2", 3),
        ("classifier", 3),
    ]
    assert step.units[2].reason == "these are the model outputs"
    assert step.metrics.accuracy is not None and step.metrics.validation_accuracy is not None
    assert session.history.current == step
    assert session.model.conv1.out_channels == 2  # type: ignore[union-attr]


def test_finetuning_commits_a_step_with_its_epochs(session: Session) -> None:
    before = session.model
    step = session.finetune(epochs=2, batch_size=16)
    assert (step.id, step.kind, step.title) == (1, "finetune", "fine-tuned 2 epochs")
    assert len(step.epochs) == 2
    assert session.model is not before
    assert not session.model.training
    assert session.training.runs[0].outcome == "done"


def test_finetuning_keeps_pruned_weights_at_zero(session: Session) -> None:
    session.plan = Plan(granularity="weight", ratio=0.5)
    session.prune()
    gone = {name: ~mask for name, mask in session.pruned.masks.items()}
    nonzero = session.history.current.metrics.nonzero_parameters
    step = session.finetune(2)
    for name, mask in gone.items():
        assert not session.model.get_submodule(name).weight[mask].any()  # type: ignore[index]
    assert step.metrics.nonzero_parameters <= nonzero


def test_undo_redo_and_checkout_bring_models_back_bit_for_bit(session: Session) -> None:
    states = [State(session)]
    session.plan = Plan(ratio=0.5)
    session.prune()
    states.append(State(session))
    session.finetune(1)
    states.append(State(session))

    def at(number: int) -> bool:
        state, now = states[number], session.model.state_dict()
        return session.model is state.model and all(
            torch.equal(state.tensors[name], now[name]) for name in now
        )

    assert session.undo().id == 1 and at(1)
    assert session.undo().id == 0 and at(0)
    assert session.redo().id == 1 and at(1)
    assert session.checkout(2).id == 2 and at(2)
    assert session.checkout(0).id == 0 and at(0)
    with pytest.raises(HistoryError, match="nothing to undo"):
        session.undo()
    with pytest.raises(HistoryError, match="nothing to redo"):
        session.redo()
    with pytest.raises(HistoryError, match="step must be one of 0 to 2, got 7"):
        session.checkout(7)
    assert at(0)


def test_a_branch_prunes_from_where_one_went_back_to(session: Session) -> None:
    session.plan = Plan(ratio=0.5)
    session.prune()
    session.undo()
    session.plan = Plan(ratio=0.25)
    step = session.prune()
    assert (step.id, step.parent) == (2, 0)
    assert session.left() == {"conv1": 3, "conv2": 4, "classifier": 3}


def test_pruning_further_counts_from_the_dense_model(session: Session) -> None:
    for ratio in (0.25, 0.5):
        session.plan = Plan(ratio=ratio)
        step = session.prune()
    assert [unit.achieved for unit in step.units] == [0.5, 0.5, 0]
    session.plan = Plan(ratio=0.25)
    again = session.prune()
    assert [unit.reason for unit in again.units[:2]] == ["already pruned further"] * 2
    assert again.metrics.parameters == step.metrics.parameters


def test_events_of_a_pruning_come_in_order(session: Session) -> None:
    events = heard(session)
    session.plan = Plan(ratio=0.5)
    session.prune()
    found = [type(event) for event in events if not isinstance(event, TaskProgress)]
    made = [TaskStarted, HistoryChanged, ActionTaken, HistoryChanged, TaskEnded]
    assert found == [PlanChanged, ActionTaken, *made]
    progress = [event.done / event.total for event in events if isinstance(event, TaskProgress)]
    assert progress == sorted(progress)


def test_events_of_a_training_come_in_order(session: Session) -> None:
    events = heard(session)
    session.finetune(epochs=2)
    found = [type(event) for event in events if not isinstance(event, TaskProgress)]
    epoch = [BatchTrained, BatchTrained, EpochTrained]
    rest = [HistoryChanged, ActionTaken, HistoryChanged, TrainingEnded, TaskEnded]
    assert found == [TaskStarted, TrainingStarted, *epoch, *epoch, *rest]
    (run,) = session.training.runs
    assert [epoch for epoch, _ in run.losses] == [0.5, 1, 1.5, 2]
    assert [epoch for epoch, _ in run.accuracies] == [1, 2]


def test_moves_through_the_history_are_reported(session: Session) -> None:
    session.prune()
    events = heard(session)
    session.undo()
    session.redo()
    session.checkout(0)
    assert events == [
        HistoryChanged(0),
        ActionTaken(Undo(), 0),
        HistoryChanged(1),
        ActionTaken(Redo(), 1),
        HistoryChanged(0),
        ActionTaken(Checkout(0), 0),
    ]


def test_a_layer_with_a_nasty_name_passes_through_unharmed(data: Dataset, tmp_path: Path) -> None:
    net = Network(
        lambda m, x: m.head(torch.relu(m.get_submodule(NASTY)(x)).mean((2, 3))),
        **{NASTY: nn.Conv2d(1, 4, 3), "head": nn.Linear(4, 3)},
    )
    with Session(counted_up(net), data) as session:
        assert [unit.name for unit in session.units] == [NASTY, "head"]
        session.plan = Plan().with_ratio(NASTY, 0.5)
        step = session.prune()
        assert (step.units[0].unit, step.units[0].kept, step.notes) == (NASTY, 2, ())
        with pytest.raises(UnknownUnitError, match=re.escape(f"Did you mean {NASTY!r}?")):
            session.plan = Plan().with_ratio(NASTY[:-1], 0.5)
        session.plan = Plan(granularity="weight").with_ratio(NASTY, 0.75)
        session.prune()
        session.finetune(1)
        assert session.export(tmp_path).check.top1_agreement == 1
