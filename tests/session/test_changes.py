import pytest
import torch
from torch import nn

from workbench import GradualSettings, Plan, Session
from workbench.data import Dataset
from workbench.errors import HistoryError, ModelError, PlanError, TrainingError


def weights(session: Session, step_id: int) -> dict[str, torch.Tensor]:
    module: nn.Module = session.history.model_of(step_id).module
    return dict(module.state_dict())


def test_pruning_gradually_removes_what_the_plan_says_in_one_step(session: Session) -> None:
    plan = session.plan = Plan(ratio=0.5)
    step = session.prune_gradually(4, gradual=GradualSettings(updates=2), batch_size=16)
    assert (step.id, step.kind, step.plan) == (1, "prune-gradually", plan)
    assert [(unit.unit, unit.kept) for unit in step.units] == [
        ("conv1", 2),
        ("conv2", 3),
        ("classifier", 3),
    ]
    assert len(step.epochs) == 4
    assert session.model.conv1.out_channels == 2  # type: ignore[union-attr]
    assert session.training.runs[0].outcome == "done"


def test_pruning_gradually_refuses_what_it_cannot_do(session: Session) -> None:
    session.plan = Plan(granularity="n:m", ratio=0.5)
    with pytest.raises(PlanError, match=r"must be 'channel' or 'weight', got 'n:m'"):
        session.prune_gradually(1)
    with pytest.raises(TrainingError, match="has no setting 'epoch'"):
        session.prune_gradually(1, epoch=2)
    assert len(session.history) == 1


def test_recalibrating_changes_statistics_and_no_weight(session: Session) -> None:
    step = session.recalibrate(batches=2)
    before, after = weights(session, 0), weights(session, step.id)
    changed = {name for name in after if not torch.equal(after[name], before[name])}
    assert step.kind == "recalibrate"
    assert any(name.endswith("running_mean") for name in changed)
    assert not any(name.endswith(("weight", "bias")) for name in changed)


def test_recalibrating_a_model_without_batch_norm_is_refused(
    data: Dataset, no_runtimes: None
) -> None:
    plain = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 3))
    with Session(plain, data) as session:
        with pytest.raises(ModelError, match=r"at least 1 batch norm .* this one has 0"):
            session.recalibrate()
        assert len(session.history) == 1


def test_rewinding_gives_a_ticket_the_weights_it_had(session: Session) -> None:
    session.finetune(1)
    session.plan = Plan(granularity="weight", ratio=0.5)
    session.prune()
    mask = session.pruned.masks["conv1"]
    step = session.rewind(0)
    ticket, dense = weights(session, step.id)["conv1.weight"], weights(session, 0)["conv1.weight"]
    assert torch.equal(ticket, dense * mask) and not mask.all()


def test_rewinding_to_no_step_is_refused(session: Session) -> None:
    with pytest.raises(HistoryError, match="step must be one of 0 to 0, got 4"):
        session.rewind(4)


def test_fresh_weights_keep_the_widths_and_come_from_the_seed(session: Session) -> None:
    session.plan = Plan(ratio=0.5)
    session.prune()
    first, other = session.reinitialize(seed=1), session.reinitialize(seed=2)
    again = session.reinitialize(seed=1)
    assert session.model.conv1.out_channels == 2  # type: ignore[union-attr]
    one, two = (
        weights(session, first.id)["conv1.weight"],
        weights(session, other.id)["conv1.weight"],
    )
    assert torch.equal(one, weights(session, again.id)["conv1.weight"])
    assert not torch.equal(one, two)


def test_what_reworks_a_model_is_in_its_recipe(session: Session, data: Dataset) -> None:
    session.plan = Plan(granularity="weight", ratio=0.5)
    session.prune()
    session.rewind(0)
    session.reinitialize(seed=4)
    session.prune_gradually(2, gradual=GradualSettings(updates=1))
    with session.recipe().replay(model=session.history.model_of(0).module, data=data) as again:
        assert [step.action for step in again.history] == [step.action for step in session.history]
        mine, theirs = weights(session, 4), weights(again, 4)
        assert all(torch.equal(mine[name], theirs[name]) for name in mine)


def test_rewinding_to_another_branch_is_refused(session: Session) -> None:
    session.measure()
    session.checkout(0)
    session.measure()
    with pytest.raises(HistoryError, match=r"current one \(0, 2\), got 1, which lies on another"):
        session.rewind(1)
    assert session.history.current.id == 2
