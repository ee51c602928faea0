"""Training that was stopped goes on, and gets where it would have got."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from watching import State, at_first_batch, heard

from workbench import GradualSettings, Plan, Session
from workbench.actions import Finetune, PruneGradually
from workbench.errors import BusyError, ReadOnlyError, StoreError, TrainingError
from workbench.events import EpochTrained, NotSaved
from workbench.progress import Cancelled
from workbench.session.training_runs import Interrupted, TrainingRuns
from workbench.store.runs import RunFiles
from workbench.training import FinetuneSettings

Reopen = Callable[..., Session]
SETTINGS = FinetuneSettings(epochs=4, batch_size=16, seed=3)


def weights(session: Session) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in session.model.state_dict().items()}


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[n], second[n]) for n in first)


def stop_after(session: Session, epochs: int) -> None:
    """Train and cancel once so many epochs are done and kept."""

    def listen(event: object) -> None:
        if isinstance(event, EpochTrained) and event.epoch == epochs:
            session.cancel()

    unsubscribe = session.events.subscribe(listen)
    with pytest.raises(Cancelled):
        session.submit_finetune(SETTINGS).result()
    unsubscribe()


@pytest.fixture
def uninterrupted(kept: Reopen) -> dict[str, torch.Tensor]:
    """The weights of a run that nobody stopped, of masked weights."""
    session = kept()
    session.plan = Plan(granularity="weight", ratio=0.5)
    session.prune()
    session.submit_finetune(SETTINGS).result()
    found = weights(session)
    session.undo()
    return found


def test_a_cancelled_run_goes_on_bit_for_bit(
    kept: Reopen, uninterrupted: dict[str, torch.Tensor]
) -> None:
    session = kept()
    stop_after(session, 2)
    assert session.interrupted == Interrupted(Finetune(SETTINGS), 2, 1)
    assert session.interrupted.epochs == 4
    step = session.resume()
    assert (step.parent, len(step.epochs)) == (1, 4)
    assert same(weights(session), uninterrupted)
    assert session.interrupted is None


def test_another_kernel_goes_on_bit_for_bit(
    kept: Reopen, uninterrupted: dict[str, torch.Tensor]
) -> None:
    stop_after(kept(), 3)
    session = kept()
    assert session.interrupted == Interrupted(Finetune(SETTINGS), 3, 1)
    assert session.resume().epochs[3:] != ()
    assert same(weights(session), uninterrupted)
    assert kept().interrupted is None


def test_without_a_directory_a_cancelled_run_goes_on_too(session: Session) -> None:
    session.submit_finetune(SETTINGS).result()
    expected = weights(session)
    session.undo()
    stop_after(session, 2)
    assert session.interrupted == Interrupted(Finetune(SETTINGS), 2, 0)
    session.resume()
    assert same(weights(session), expected)


def test_pruning_gradually_goes_on_bit_for_bit(kept: Reopen) -> None:
    gradual = GradualSettings(updates=3)
    session = kept()
    plan = session.plan = Plan(granularity="weight", ratio=0.5)
    session.submit_prune_gradually(SETTINGS, gradual).result()
    expected = weights(session)
    session.undo()
    unsubscribe = session.events.subscribe(
        lambda event: session.cancel() if isinstance(event, EpochTrained) else None
    )
    with pytest.raises(Cancelled):
        session.submit_prune_gradually(SETTINGS, gradual).result()
    unsubscribe()
    again = kept()
    assert again.interrupted == Interrupted(PruneGradually(plan, SETTINGS, gradual), 1, 0)
    assert again.resume().kind == "prune_gradually"
    assert same(weights(again), expected)


def test_a_run_stopped_in_its_first_epoch_begins_again(
    kept: Reopen, uninterrupted: dict[str, torch.Tensor]
) -> None:
    session = kept()
    at_first_batch(session, session.cancel)
    with pytest.raises(Cancelled):
        session.submit_finetune(SETTINGS).result()
    assert session.interrupted == Interrupted(Finetune(SETTINGS), 0, 1)
    kept().resume()
    assert same(weights(kept()), uninterrupted)


def test_resuming_goes_back_to_the_step_the_run_began_at(kept: Reopen) -> None:
    session = kept()
    stop_after(session, 1)
    session.plan = Plan(ratio=0.5)
    session.prune()
    step = session.resume()
    assert (step.id, step.parent) == (2, 0)
    assert [entry.kind for entry in session.history.path()] == ["open", "finetune"]


def test_the_curves_of_a_resumed_run_are_one_run(kept: Reopen) -> None:
    stop_after(kept(), 2)
    session = kept()
    (run,) = session.training.runs
    assert (run.outcome, len(run.accuracies)) == ("cancelled", 2)
    session.resume()
    (run,) = session.training.runs
    assert [epoch for epoch, _ in run.accuracies] == [1, 2, 3, 4]
    positions = [position for position, _ in run.losses]
    assert positions == sorted(set(positions)) and positions[-1] == 4
    (again,) = kept().training.runs
    assert again == run


def test_charts_come_back_run_by_run(kept: Reopen) -> None:
    session = kept()
    session.finetune(2)
    session.finetune(1)
    runs = session.training.runs
    assert kept().training.runs == runs


def test_discarding_ends_the_offer_and_keeps_the_charts(kept: Reopen, home: Path) -> None:
    session = kept()
    stop_after(session, 2)
    session.discard_interrupted()
    assert session.interrupted is None
    assert not list(home.glob("runs/*/checkpoint-*"))
    again = kept()
    assert again.interrupted is None
    assert len(again.training.runs[0].accuracies) == 2
    with pytest.raises(TrainingError, match="nothing to resume: no fine-tuning was interrupted"):
        again.resume()
    with pytest.raises(TrainingError, match="nothing to resume"):
        again.discard_interrupted()


def test_another_run_takes_the_place_of_the_offer(kept: Reopen, home: Path) -> None:
    session = kept()
    stop_after(session, 2)
    session.finetune(1)
    assert session.interrupted is None
    assert not list(home.glob("runs/*/checkpoint-*"))
    assert kept().interrupted is None


def test_a_run_that_was_committed_is_not_offered(
    kept: Reopen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kernel may end between a step's commit and the news of it."""
    session = kept()
    with monkeypatch.context() as patch:
        patch.setattr(TrainingRuns, "_end", lambda self, begun: None)
        patch.setattr(TrainingRuns, "_leave", lambda self, *, diverged: None)
        session.finetune(2)
    again = kept()
    assert again.interrupted is None
    assert again.training.runs[0].outcome == "done"


def test_a_run_whose_kernel_was_killed_is_offered(
    kept: Reopen, uninterrupted: dict[str, torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(TrainingRuns, "_leave", lambda self, *, diverged: None)
        stop_after(kept(), 2)
    session = kept()
    assert session.interrupted == Interrupted(Finetune(SETTINGS), 2, 1)
    assert session.training.runs[-1].outcome == "interrupted"
    session.resume()
    assert same(weights(session), uninterrupted)


def test_a_run_that_diverged_is_not_offered(kept: Reopen) -> None:
    session = kept()
    with pytest.raises(TrainingError, match="diverged"):
        session.finetune(epochs=5, learning_rate=1e30)
    assert session.interrupted is None
    assert kept().interrupted is None


def test_a_state_that_cannot_be_written_ends_the_run_where_it_can_go_on(
    kept: Reopen, uninterrupted: dict[str, torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    session = kept()
    before = State(session)
    write = RunFiles.write_checkpoint

    def full(self: RunFiles, number: int, epoch: int, state: bytes) -> None:
        if epoch == 3:
            raise StoreError("the state of training run 2 needs 9 bytes free, got 0.")
        write(self, number, epoch, state)

    with monkeypatch.context() as patch:
        patch.setattr(RunFiles, "write_checkpoint", full)
        with pytest.raises(StoreError, match="needs 9 bytes free, got 0"):
            session.submit_finetune(SETTINGS).result()
    assert before.holds(session)
    assert session.interrupted == Interrupted(Finetune(SETTINGS), 2, 1)
    session.resume()
    assert same(weights(session), uninterrupted)


def test_curves_that_cannot_be_written_do_not_end_a_run(
    kept: Reopen, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = kept()
    events = heard(session)

    def full(self: RunFiles, number: int, curves: object) -> None:
        raise StoreError("the curves cannot be written: No space left on device.")

    monkeypatch.setattr(RunFiles, "append", full)
    session.finetune(1)
    assert any(isinstance(event, NotSaved) for event in events)


def test_a_damaged_state_is_named(kept: Reopen, home: Path) -> None:
    stop_after(kept(), 2)
    (path,) = home.glob("runs/1/checkpoint-2.pt")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    session = kept()
    with pytest.raises(TrainingError, match="a saved training run must be as it was written"):
        session.resume()
    assert session.interrupted == Interrupted(Finetune(SETTINGS), 2, 0)
    session.discard_interrupted()
    assert session.finetune(1).id == 1


def test_a_damaged_description_of_a_run_loses_that_run_alone(kept: Reopen, home: Path) -> None:
    session = kept()
    session.finetune(1)
    session.finetune(1)
    session.close()
    (home / "runs" / "1" / "run.json").write_text("{}")
    again = kept()
    assert [run.outcome for run in again.training.runs] == ["lost", "done"]
    assert any("Training run 1 is lost: " in note for note in again.notes)


def test_while_a_step_is_made_nothing_is_resumed(kept: Reopen) -> None:
    session = kept()
    stop_after(session, 1)
    refused: list[Exception] = []

    def resume() -> None:
        try:
            session.submit_resume()
        except Exception as error:
            refused.append(error)

    at_first_batch(session, resume)
    session.finetune(1)
    assert isinstance(refused[0], TrainingError | BusyError)


def test_reading_kernels_do_not_offer_a_run_that_may_be_under_way(kept: Reopen, home: Path) -> None:
    stop_after(kept(), 2)
    session = kept()
    session._home._directory.read_only = "another kernel has it open"
    with pytest.raises(ReadOnlyError, match=re.escape("another kernel has it open")):
        session.resume()
    with pytest.raises(ReadOnlyError, match=re.escape("another kernel has it open")):
        session.discard_interrupted()
